--- @include "message_id"
--- @include "tombstone"

-- The ids of new messages. They only grow as long as Redis knows the channel, also when its clock steps back.

-- Time and tag, as text, of a message after `last`, the id of the newest one: the given ones where they are, else the
-- next ones that are. After them, time and tag of `last`.
local function id_after(time, tag, last)
  local last_time, last_tag = parse_id(last)
  local later = time - last_time
  if later > 0 or (later == 0 and tag - last_tag > 0) then return time, tag, last_time, last_tag end
  if last_tag + 0 < GREATEST_TAG then return last_time, tostring(last_tag + 1), last_time, last_tag end
  return tostring(last_time + 1), "0", last_time, last_tag
end

-- The same where `last` is false because the channel has no message, as after a deletion. `now` is the present second.
local function next_id(channel, now, time, tag, last)
  -- Redis may have thrown away the head alone.
  last = last or redis.call("LINDEX", channel .. ":messages", 0) or id_before_deletion(channel, now)
  if last then return id_after(time, tag, last) end
  return time, tag
end
