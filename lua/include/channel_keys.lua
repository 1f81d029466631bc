--- @include "own_life"

-- The keys that live and die with a channel's head.

local function expire_channel(channel, milliseconds)
  redis.call("PEXPIRE", channel, milliseconds)
  redis.call("PEXPIRE", channel .. ":messages", milliseconds)
  redis.call("PEXPIRE", channel .. ":subscriber_counts", milliseconds)
  redis.call("PEXPIRE", own_life_key(channel), milliseconds)
end
