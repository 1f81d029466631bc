-- Tells all servers to end a channel's subscribers with a status; the channel and its messages stay. Servers of Nchan
-- know the alert, but do nothing about it.
--
-- KEYS[1] channel          key of the channel's head, ns{channel:ID}
-- ARGV[1] id               the channel's id as in the key
-- ARGV[2] status           HTTP status, 400 to 599
-- ARGV[3] publish_command  PUBLISH, or SPUBLISH in a cluster that has it
--
-- Reply: servers that heard it

--- @include "announce"
--- @include "argument"

local channel = text("channel", KEYS[1])
local id = text("id", ARGV[1])
local status = integer("status", ARGV[2], 400)
if status and status > 599 then expect("status", status, " must be at most 599") end
local command = either("publish_command", ARGV[3], "PUBLISH", "SPUBLISH")
local refused = refusal()
if refused then return refused end

return announce_both_ways(command, channel, { "alert", "unsub all", id, status })
