--- @include "own_life"

-- The lives of a channel that are over.

-- Milliseconds for which servers that do not hear of it can find out that a life is over.
local REMEMBERED_MS = 10 * 60 * 1000

-- Names that are remembered; who was away for more lives than that does not learn of it.
local MAX_LIVES = 16

-- Before the name of a life that may have expired instead.
local DOUBT = "?"

local function past_lives_key(channel)
  return channel .. ":lives"
end

-- Remembers that a life is over. Each time they are all remembered for longer.
local function end_life(channel, name)
  local lives = past_lives_key(channel)
  redis.call("LPUSH", lives, name)
  redis.call("LTRIM", lives, 0, MAX_LIVES - 1)
  redis.call("PEXPIRE", lives, REMEMBERED_MS)
end
