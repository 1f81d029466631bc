--- @include "drop_expired"
--- @include "message_id"

local function is_after(id, time, tag)
  local id_time, id_tag = parse_id(id)
  id_time, id_tag = tonumber(id_time), tonumber(id_tag)
  return id_time > time or (id_time == time and id_tag > tag)
end

-- How many entries of the channel's list come after an id. The list has the newest message first, so these are its first
-- ones. Takes expired messages from its other end on the way.
local function entries_after(channel, time, tag)
  local messages = channel .. ":messages"
  local low, high = 0, drop_expired(channel, redis.call("LLEN", messages))
  while low < high do
    local middle = math.floor((low + high) / 2)
    if is_after(redis.call("LINDEX", messages, middle), time, tag) then low = middle + 1 else high = middle end
  end
  return low
end
