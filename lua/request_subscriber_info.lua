-- Asks all servers to tell about each of their subscribers of a channel, on the channel meta/sr<request>.
--
-- KEYS[1] channel          key of the channel's head, ns{channel:ID}
-- ARGV[1] request          number of the request, from get_subscriber_info_id
-- ARGV[2] publish_command  PUBLISH, or SPUBLISH in a cluster that has it
--
-- Reply: servers that heard it

--- @include "announce"
--- @include "argument"

local channel = text("channel", KEYS[1])
local request = integer("request", ARGV[1], 0)
local command = either("publish_command", ARGV[2], "PUBLISH", "SPUBLISH")
local refused = refusal()
if refused then return refused end

return announce_both_ways(command, channel, { "alert", "subscriber info", request })
