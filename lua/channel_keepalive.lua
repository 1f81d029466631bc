-- Lets a channel with subscribers live on.
--
-- KEYS[1] channel    key of the channel's head, ns{channel:ID}
-- ARGV[1] ttl_ms     milliseconds until the server will say again that it is still there
-- ARGV[2] margin_ms  milliseconds that it may be late
--
-- Reply: milliseconds until the next keepalive, -1 when no server is registered any more

--- @include "argument"
--- @include "channel_keys"

local channel = text("channel", KEYS[1])
local ttl = integer("ttl_ms", ARGV[1], 1)
local margin = integer("margin_ms", ARGV[2], 0)
local refused = refusal()
if refused then return refused end

if tonumber(redis.call("HGET", channel, "subscribers") or 0) <= 0 then return -1 end
local left = redis.call("PTTL", channel)
if left > ttl + margin and redis.call("EXISTS", channel .. ":messages") == 1 then
  -- Servers of Nchan let only the rest live longer.
  redis.call("PEXPIRE", channel .. ":lives", left)
  return left - margin
end
expire_channel(channel, ttl + margin)
return ttl
