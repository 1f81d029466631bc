--- @include "message_key"

-- Message keys deleted by one command; Lua takes some 8,000 arguments at most.
local TRIM_BATCH = 1000

-- Takes from the list's oldest end what is too many of its `count` entries, with the messages. Returns `most`.
local function trim(channel, count, most)
  local messages, prefix = channel .. ":messages", message_prefix(channel)
  if count == most + 1 then
    redis.call("DEL", prefix .. redis.call("RPOP", messages))
    return most
  end
  local surplus = redis.call("LRANGE", messages, most, -1)
  for first = 1, #surplus, TRIM_BATCH do
    local keys = {}
    for i = first, math.min(first + TRIM_BATCH - 1, #surplus) do keys[#keys + 1] = prefix .. surplus[i] end
    redis.call("UNLINK", unpack(keys))
  end
  redis.call("LTRIM", messages, 0, most - 1)
  return most
end
