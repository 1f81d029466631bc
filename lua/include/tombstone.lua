--- @include "message_id"

-- What a deleted channel leaves behind for a moment: the id of its newest message, after which the ids of a new channel
-- of this name go on.
local TOMBSTONE_SECONDS = 5

local function tombstone_key(channel)
  return channel .. ":deleted"
end

-- The id after which a channel goes on that was deleted lately; false when none was. `now` is the present second.
-- Nchan's tombstone does not tell it: then the ids of the second in which it was deleted are taken to be used up.
local function id_before_deletion(channel, now)
  local key = tombstone_key(channel)
  local newest = redis.call("GET", key)
  if not newest or parse_id(newest) then return newest end
  local age_ms = TOMBSTONE_SECONDS * 1000 - redis.call("PTTL", key)
  return (now - math.floor(age_ms / 1000)) .. ":" .. GREATEST_TAG
end
