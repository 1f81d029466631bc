-- Deletes a channel with its messages, and tells all servers to end its subscribers.
--
-- KEYS[1] channel          key of the channel's head, ns{channel:ID}
-- ARGV[1] id               the channel's id as in the key
-- ARGV[2] publish_command  PUBLISH, or SPUBLISH in a cluster that has it
-- ARGV[3] accurate         1 to count only the subscribers of servers that are alive, else 0
--
-- Reply: the figures from before, as find_channel's, or nil when there was no such channel

--- @include "announce"
--- @include "argument"
--- @include "channel_figures"
--- @include "lives"
--- @include "message_key"
--- @include "permission"
--- @include "leave_tombstone"

-- Message ids taken from the list by one command.
local BATCH = 1000

local channel = text("channel", KEYS[1])
local id = text("id", ARGV[1])
local command = either("publish_command", ARGV[2], "PUBLISH", "SPUBLISH")
local accurate = either("accurate", ARGV[3], "0", "1")
local refused = refusal() or announcing_refused("PUBLISH", channel) or announcing_refused(command, channel)
if refused then return refused end

local figures = channel_figures(channel, accurate == "1")
local head = redis.call("HMGET", channel, "subscribers", "life")
local messages, prefix = channel .. ":messages", message_prefix(channel)
local count = redis.call("LLEN", messages)
for first = 0, count - 1, BATCH do
  local keys = redis.call("LRANGE", messages, first, first + BATCH - 1)
  for i, message_id in ipairs(keys) do keys[i] = prefix .. message_id end
  redis.call("UNLINK", unpack(keys))
end
-- Deleting comes first: a Redis that is full lets a script write only after it.
redis.call("UNLINK", channel, messages, channel .. ":subscribers", channel .. ":subscriber_counts")
if figures then
  leave_tombstone(channel, figures[1])
  -- Nchan may have made the channel anew.
  local life = head[2] or redis.call("GET", own_life_key(channel))
  redis.call("UNLINK", own_life_key(channel))
  -- Without servers there is nobody who knows it.
  if life and tonumber(head[1] or 0) > 0 then end_life(channel, life) end
end
announce_both_ways(command, channel, { "alert", "delete channel", id })
return figures
