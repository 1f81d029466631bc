-- Lets a channel with subscribers live on, for a server that has some.
--
-- KEYS[1] channel    key of the channel's head, ns{channel:ID}
-- ARGV[1] server     name of the server, as it registered
-- ARGV[2] ttl_ms     milliseconds until the server will say again that it is still there
-- ARGV[3] margin_ms  milliseconds that it may be late
--
-- Reply: milliseconds until the next keepalive, -1 when the server is not registered any more

--- @include "argument"
--- @include "channel_keys"
--- @include "registration"

local channel = text("channel", KEYS[1])
local server = text("server", ARGV[1])
local ttl = integer("ttl_ms", ARGV[2], 1)
local margin = integer("margin_ms", ARGV[3], 0)
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "subscribers", registration_field(server))
-- Servers of Nchan may have taken back more than there were.
if not head[2] or tonumber(head[1] or 0) <= 0 then return -1 end
local left = redis.call("PTTL", channel)
if left > ttl + margin and redis.call("EXISTS", channel .. ":messages") == 1 then
  -- Servers of Nchan let only the rest live longer.
  redis.call("PEXPIRE", own_life_key(channel), left)
  return left - margin
end
expire_channel(channel, ttl + margin)
return ttl
