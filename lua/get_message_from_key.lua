-- Reads the message that an announcement named by its key.
--
-- KEYS[1] message  key of the message, ns{channel:ID}:msg:TIME:TAG
--
-- Reply: { seconds left to live, time, tag, time and tag of the message before it (0 and 0 without one), data, content
-- type, event, compression }, or nil when it is gone

--- @include "argument"
--- @include "read_message"

local key = text("message", KEYS[1])
local refused = refusal()
if refused then return refused end

local message = read_message(key)
return message
