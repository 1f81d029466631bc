--- @include "tombstone"

-- Leaves a tombstone. `newest` is the id of the channel's newest message, or "" where it had none.
local function leave_tombstone(channel, newest)
  local key = tombstone_key(channel)
  -- It may have had none since the last deletion.
  if newest == "" then newest = redis.call("GET", key) or "0:0" end
  redis.call("SET", key, newest, "EX", TOMBSTONE_SECONDS)
end
