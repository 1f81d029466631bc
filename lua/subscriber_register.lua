-- Registers a server that has subscribers of a channel, and lets the channel live for as long as it does.
--
-- KEYS[1] channel        key of the channel's head, ns{channel:ID}
-- ARGV[1] subscriber_id  what an earlier registration of this server replied, or - for its first
-- ARGV[2] ttl_ms         milliseconds until the server will say that it is still there
-- ARGV[3] margin_ms      milliseconds that it may be late
-- ARGV[4] time           Unix second of now
--
-- Reply: { id of the registration, servers registered, milliseconds until the next channel_keepalive }

--- @include "argument"
--- @include "channel_keys"

local channel = text("channel", KEYS[1])
local subscriber_id = ARGV[1] ~= "-" and integer("subscriber_id", ARGV[1], 1)
local ttl = integer("ttl_ms", ARGV[2], 1)
local margin = integer("margin_ms", ARGV[3], 0)
local time = integer("time", ARGV[4], 0)
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "last_subscriber_id", "subscribers")
local last_id, servers = tonumber(head[1] or 0), math.max(tonumber(head[2] or 0), 0)
-- A head that knows a later id still counts this server; one that does not was lost, and begins anew.
if not subscriber_id or subscriber_id > last_id then
  subscriber_id, servers = last_id + 1, servers + 1
  redis.call("HSET", channel, "last_subscriber_id", subscriber_id, "subscribers", servers)
end
redis.call("HSET", channel, "last_seen_subscriber", time)
if redis.call("PTTL", channel) < ttl + margin then expire_channel(channel, ttl + margin) end
return { subscriber_id, servers, ttl }
