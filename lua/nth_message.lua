-- Finds where a subscriber begins that starts at the Nth message of a channel's buffer.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] nth      1 for the oldest message, 2 for the next one, …; -1 for the newest, -2 for the one before, …
--
-- Reply: id of the message before that one, or "" when there is none. Where there are fewer messages, the Nth oldest is
-- the newest, and the Nth newest the oldest.

--- @include "argument"
--- @include "drop_expired"

-- Further than nchan_subscriber_first_message counts.
local LEAST_NTH = -1000

local channel = text("channel", KEYS[1])
local nth = integer("nth", ARGV[1], LEAST_NTH)
local refused = refusal()
if refused then return refused end

local messages = channel .. ":messages"
local count = drop_expired(channel, redis.call("LLEN", messages))
local before
if nth < 0 then before = math.max(count + nth, 0) else before = math.max(math.min(nth, count) - 1, 0) end
-- The newest message comes first.
return before > 0 and redis.call("LINDEX", messages, count - before) or ""
