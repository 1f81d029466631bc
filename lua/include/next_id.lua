--- @include "message_id"

-- The ids of new messages.

-- Tags are 16 bits wide wherever they are read.
local MAX_TAG = 32767

-- Milliseconds for which a deleted channel's tombstone stays.
local TOMBSTONE_MS = 5000

-- Time and tag, as text, of a message after `last`, the id of the newest one; not before the second `now`. They only
-- grow as long as Redis knows the channel, also when its clock steps back. After them, time and tag of `last`.
local function id_after(now, last)
  local last_time, last_tag = parse_id(last)
  if now + 0 > last_time + 0 then return now, "0", last_time, last_tag end
  if last_tag + 0 < MAX_TAG then return last_time, tostring(last_tag + 1), last_time, last_tag end
  return tostring(last_time + 1), "0", last_time, last_tag
end

-- A channel that was deleted and began anew: its ids go on where they ended. Nchan's tombstone does not tell where that
-- was; then the ids of the second in which it was deleted are taken to be used up.
local function id_after_deletion(channel, now)
  -- Redis has thrown away the head alone.
  local newest = redis.call("LINDEX", channel .. ":messages", 0)
  if newest then return id_after(now, newest) end
  local tombstone = channel .. ":deleted"
  local last = redis.call("GET", tombstone)
  if not last then return now, "0" end
  if string.find(last, ":", 1, true) then return id_after(now, last) end
  if redis.call("PTTL", tombstone) > TOMBSTONE_MS - 1000 then now = tostring(now + 1) end
  return now, "0"
end

-- The same where `last` is false because the channel has no message.
local function next_id(channel, now, last)
  if last then return id_after(now, last) end
  return id_after_deletion(channel, now)
end
