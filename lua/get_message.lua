-- Reads the message after an id, or the oldest one.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] time     time of the id, Unix seconds; 0 for the oldest message
-- ARGV[2] tag      tag of the id
-- ARGV[3] present  1 for subscribers that were there all along: they also get messages that no buffer keeps; else 0
--
-- Reply: { 200, and what get_message_from_key replies }; { 418 } when there is nothing after the id yet; { 404 } when
-- there is no such channel

--- @include "argument"
--- @include "drop_expired"
--- @include "message_key"
--- @include "read_message"

local channel = text("channel", KEYS[1])
local time = integer("time", ARGV[1], 0)
local tag = integer("tag", ARGV[2], -1)
local present = either("present", ARGV[3], "0", "1")
local refused = refusal()
if refused then return refused end

local newest = redis.call("HGET", channel, "current_message")
if not newest then return { redis.call("EXISTS", channel) == 1 and 418 or 404 } end

local messages, prefix = channel .. ":messages", message_prefix(channel)

local function found(message)
  table.insert(message, 1, 200)
  return message
end

-- Usually the message with the id is still there, and knows its successor.
local successor = time > 0 and redis.call("HGET", prefix .. time .. ":" .. tag, "next")
if successor then
  local message, buffered = read_message(prefix .. successor)
  if message and (buffered or present == "1") then return found(message) end
end

local function is_after(id)
  local id_time, id_tag = string.match(id, "^(%d+):(%d+)$")
  id_time, id_tag = tonumber(id_time), tonumber(id_tag)
  return id_time > time or (id_time == time and id_tag > tag)
end

if not is_after(newest) then return { 418 } end

-- The list has the newest message first: this is the number of those after the id.
local low, high = 0, drop_expired(channel, redis.call("LLEN", messages))
while low < high do
  local middle = math.floor((low + high) / 2)
  if is_after(redis.call("LINDEX", messages, middle)) then low = middle + 1 else high = middle end
end
-- A message that outlived younger ones keeps these in the list after they are gone.
for index = low - 1, 0, -1 do
  local message = read_message(prefix .. redis.call("LINDEX", messages, index))
  if message then return found(message) end
end
return { 418 }
