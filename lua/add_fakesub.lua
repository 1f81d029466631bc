-- Adds to the number of clients that subscribe to a channel.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] delta    clients that came, less those that left
-- ARGV[2] time     Unix second of now
-- ARGV[3] worker   PUBSUB channel of the worker that they subscribe at
--
-- Reply: clients that subscribe to it now, over all servers

--- @include "argument"

-- Seconds that the head lives which is made for subscribers whose registration is still on its way.
local EMPTY_TTL_SECONDS = 5

-- A difference may be of either sign.
local LEAST_DELTA = -2147483648

local channel = text("channel", KEYS[1])
local delta = integer("delta", ARGV[1], LEAST_DELTA)
local time = integer("time", ARGV[2], 0)
local worker = text("worker", ARGV[3])
local refused = refusal()
if refused then return refused end

local known = redis.call("EXISTS", channel) == 1
-- The channel was deleted or has expired, and its counts with it.
if not known and delta <= 0 then return 0 end

local total = redis.call("HINCRBY", channel, "fake_subscribers", delta)
if total < 0 then
  redis.call("HSET", channel, "fake_subscribers", 0)
  total = 0
end
redis.call("HSET", channel, "last_seen_fake_subscriber", time)
if not known then redis.call("EXPIRE", channel, EMPTY_TTL_SECONDS) end

local counts = channel .. ":subscriber_counts"
redis.call("HINCRBY", counts, worker, delta)
if redis.call("PTTL", counts) < 0 then
  local left = redis.call("PTTL", channel)
  if left > 0 then redis.call("PEXPIRE", counts, left) end
end
return total
