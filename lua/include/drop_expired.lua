--- @include "message_key"

-- Takes expired messages from the list's oldest end: Redis drops their hashes by itself, the list knows nothing of it.
-- A message that outlives younger ones keeps them in the list. Returns how many of `count` entries are left. Very many
-- are dropped by several calls, so that none holds Redis up.
local MAX_DROPPED = 1000

local function drop_expired(channel, count)
  local messages, prefix = channel .. ":messages", message_prefix(channel)
  local least = count - MAX_DROPPED
  while count > 0 and count > least do
    local oldest = redis.call("LINDEX", messages, -1)
    if redis.call("EXISTS", prefix .. oldest) == 1 then break end
    redis.call("RPOP", messages)
    count = count - 1
  end
  return count
end
