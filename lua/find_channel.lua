-- Tells a channel's figures; drops the expired messages from its list on the way.
--
-- KEYS[1] channel   key of the channel's head, ns{channel:ID}
-- ARGV[1] accurate  1 to count only the subscribers of servers that are alive, else 0
--
-- Reply: { id of the newest message or "", messages in the buffer, subscribers, Unix second of the last subscriber's
-- coming or going or -1 }, or nil when there is no such channel

--- @include "argument"
--- @include "channel_figures"

local channel = text("channel", KEYS[1])
local accurate = either("accurate", ARGV[1], "0", "1")
local refused = refusal()
if refused then return refused end

return channel_figures(channel, accurate == "1")
