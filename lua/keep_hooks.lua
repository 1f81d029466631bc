-- Keeps what is to be asked about subscribers should their sidecar be killed, and takes away what was asked.
--
-- KEYS[1] hooks  hash of the sidecar's instance, ns{njchan:hooks:INSTANCE}
-- ARGV[1] ttl    seconds that all of it lives from now on
-- ARGV[2] gone   how many fields are taken away
--
-- After these come the fields that are taken away, then those that are kept, each with its value. A field is the PUBSUB
-- channel of the worker that it is of, a blank and a number.
--
-- Reply: fields that the hash has now

--- @include "argument"

-- Arguments of one command: Lua cannot pass more than a few thousand.
local AT_ONCE = 1000

local hooks = text("hooks", KEYS[1])
local ttl = integer("ttl", ARGV[1], 1)
local gone = integer("gone", ARGV[2], 0)
local refused = refusal()
if refused then return refused end

local first, kept = 3, 3 + gone
-- Taking away comes first: it may be done where Redis has no room.
for i = first, kept - 1, AT_ONCE do
  redis.call("HDEL", hooks, unpack(ARGV, i, math.min(i + AT_ONCE, kept) - 1))
end
for i = kept, #ARGV, AT_ONCE do
  redis.call("HSET", hooks, unpack(ARGV, i, math.min(i + AT_ONCE - 1, #ARGV)))
end
redis.call("EXPIRE", hooks, ttl)
return redis.call("HLEN", hooks)
