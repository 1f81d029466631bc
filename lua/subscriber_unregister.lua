-- Takes back a registration: the server has no subscribers of the channel any more.
--
-- KEYS[1] channel        key of the channel's head, ns{channel:ID}
-- ARGV[1] empty_ttl      seconds that a channel lives on without messages and servers
--
-- Reply: servers that are still registered

--- @include "argument"
--- @include "channel_keys"

local channel = text("channel", KEYS[1])
local empty_ttl = integer("empty_ttl", ARGV[1], 0)
local refused = refusal()
if refused then return refused end

local servers = redis.call("HGET", channel, "subscribers")
-- Nobody, or a count that was lost with a server: it never falls below nobody.
if not servers or tonumber(servers) <= 0 then return 0 end
local left = redis.call("HINCRBY", channel, "subscribers", -1)
if left == 0 and redis.call("EXISTS", channel .. ":messages") == 0 then expire_channel(channel, empty_ttl * 1000) end
return left
