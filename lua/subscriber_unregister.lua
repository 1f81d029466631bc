-- Takes back a registration: the server has no subscribers of the channel any more. One that the channel does not know,
-- because it was deleted or lost meanwhile, or is taken back already, changes nothing.
--
-- KEYS[1] channel        key of the channel's head, ns{channel:ID}
-- ARGV[1] server         name of the server, as it registered
-- ARGV[2] subscriber_id  what its last registration replied
-- ARGV[3] empty_ttl      seconds that a channel lives on without messages and servers
--
-- Reply: servers that are still registered

--- @include "argument"
--- @include "channel_keys"
--- @include "registration"

local channel = text("channel", KEYS[1])
local server = text("server", ARGV[1])
local subscriber_id = integer("subscriber_id", ARGV[2], 1)
local empty_ttl = integer("empty_ttl", ARGV[3], 0)
local refused = refusal()
if refused then return refused end

local field = registration_field(server)
local head = redis.call("HMGET", channel, "subscribers", field)
local servers = math.max(tonumber(head[1] or 0), 0)
if tonumber(head[2]) ~= subscriber_id then return servers end
redis.call("HDEL", channel, field, worker_field(server))
-- Servers of Nchan may have taken back more than there were.
if servers == 0 then return 0 end
local left = redis.call("HINCRBY", channel, "subscribers", -1)
if left == 0 and redis.call("EXISTS", channel .. ":messages") == 0 then expire_channel(channel, empty_ttl * 1000) end
return left
