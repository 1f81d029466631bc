-- Changes or sets the number of a worker's clients that subscribe to a channel.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] clients  +N or -N for those that came, less those that left; =N for how many there are now
-- ARGV[2] time     Unix second of now
-- ARGV[3] worker   PUBSUB channel of the worker that they subscribe at
--
-- Reply: clients that subscribe to it now, over all servers

--- @include "argument"

-- Seconds that the head lives which is made for subscribers whose registration is still on its way.
local EMPTY_TTL_SECONDS = 5

local channel = text("channel", KEYS[1])
local sign, number = string.match(text("clients", ARGV[1]) or "", "^([-+=]?)(%d+)$")
if not sign and ARGV[1] then expect("clients", ARGV[1], " must be +N, -N or =N") end
local time = integer("time", ARGV[2], 0)
local worker = text("worker", ARGV[3])
local refused = refusal()
if refused then return refused end

local known = redis.call("EXISTS", channel) == 1
local counts = channel .. ":subscriber_counts"
-- A worker has left fewer than nobody where clients went whom it had not told of any more: those that come are counted
-- from nobody, else it would be short of them for as long as the channel lives.
local before = math.max(redis.call("HGET", counts, worker) or 0, 0)
local delta = tonumber((sign == "=" and "" or sign) .. number)
local after = sign == "=" and delta or math.max(before + delta, 0)
if sign == "=" and known then delta = delta - before end
-- The channel was deleted or has expired, and its counts with it.
if not known and delta <= 0 then return 0 end

local total = redis.call("HINCRBY", channel, "fake_subscribers", delta)
if total < 0 then
  redis.call("HSET", channel, "fake_subscribers", 0)
  total = 0
end
redis.call("HSET", channel, "last_seen_fake_subscriber", time)
if not known then redis.call("EXPIRE", channel, EMPTY_TTL_SECONDS) end

redis.call("HSET", counts, worker, after)
if redis.call("PTTL", counts) < 0 then
  local left = redis.call("PTTL", channel)
  if left > 0 then redis.call("PEXPIRE", counts, left) end
end
return total
