-- Registers a server that has subscribers of a channel, and lets the channel live for as long as it does. Registering
-- twice does no harm.
--
-- KEYS[1] channel        key of the channel's head, ns{channel:ID}
-- ARGV[1] server         name of the server, which no other one has
-- ARGV[2] subscriber_id  what an earlier registration of this server replied, or - for its first
-- ARGV[3] ttl_ms         milliseconds until the server will say that it is still there
-- ARGV[4] margin_ms      milliseconds that it may be late
-- ARGV[5] time           Unix second of now
-- ARGV[6] worker         PUBSUB channel of the process that the server is in, by which others see whether it lives; may
--                        be left out
--
-- Reply: { id of the registration, servers registered, milliseconds until the next channel_keepalive }

--- @include "argument"
--- @include "channel_keys"
--- @include "registration"

local channel = text("channel", KEYS[1])
local server = text("server", ARGV[1])
local subscriber_id = ARGV[2] ~= "-" and integer("subscriber_id", ARGV[2], 1)
local ttl = integer("ttl_ms", ARGV[3], 1)
local margin = integer("margin_ms", ARGV[4], 0)
local time = integer("time", ARGV[5], 0)
local refused = refusal()
if refused then return refused end

local field = registration_field(server)
local head = redis.call("HMGET", channel, "last_subscriber_id", "subscribers", field)
local servers, known_id = math.max(tonumber(head[2] or 0), 0), tonumber(head[3])
-- Servers of Nchan take one back after every deletion, whoever has registered since.
if not known_id or servers == 0 then servers = servers + 1 end
if not known_id or subscriber_id ~= known_id then
  -- A new id, so that the end of an earlier registration which comes late does not end this one.
  known_id = tonumber(head[1] or 0) + 1
  redis.call("HSET", channel, "last_subscriber_id", known_id, field, known_id)
end
local worker = ARGV[6]
if worker then redis.call("HSET", channel, worker_field(server), (string.gsub(worker, "^" .. WORKER_PREFIX, ""))) end
redis.call("HSET", channel, "subscribers", servers, "last_seen_subscriber", time)
if redis.call("PTTL", channel) < ttl + margin then expire_channel(channel, ttl + margin) end
return { known_id, servers, ttl }
