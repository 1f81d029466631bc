-- Reads the message after an id, or the oldest one.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] time     time of the id, Unix seconds; 0 for the oldest message
-- ARGV[2] tag      tag of the id
-- ARGV[3] present  1 for subscribers that were there all along: they also get messages that no buffer keeps; else 0
--
-- Reply: { 200, and what get_message_from_key replies }; { 418 } when there is nothing after the id yet; { 404 } when
-- there is no such channel; { 100, time, tag } when so many messages after the id have expired that it is to be asked
-- for the one after this other id

--- @include "argument"
--- @include "entries_after"
--- @include "message_key"
--- @include "read_message"

-- Entries of expired messages that one call looks at, so that it does not hold Redis up.
local MAX_LOOKED_AT = 500

local channel = text("channel", KEYS[1])
local time = integer("time", ARGV[1], 0)
local tag = integer("tag", ARGV[2], LEAST_TAG)
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

if not is_after(newest, time, tag) then return { 418 } end

-- A message that outlived younger ones keeps these in the list after they are gone.
local left = entries_after(channel, time, tag)
local first = math.max(left - MAX_LOOKED_AT, 0)
local ids = left > 0 and redis.call("LRANGE", messages, first, left - 1) or {}
for i = #ids, 1, -1 do
  local message = read_message(prefix .. ids[i])
  if message then return found(message) end
end
if first == 0 then return { 418 } end
return { 100, parse_id(ids[1]) }
