-- Reads a channel's messages after an id, the oldest first, for a server that begins to serve it or has lost touch.
--
-- KEYS[1] channel    key of the channel's head, ns{channel:ID}
-- ARGV[1] time       time of the id, Unix seconds; 0 for all messages
-- ARGV[2] tag        tag of the id
-- ARGV[3] present    1 for subscribers that were there all along: they also get messages that no buffer keeps; else 0
-- ARGV[4] max_count  most messages to read
-- ARGV[5] max_bytes  bytes of data after which no further one is read
--
-- Reply: { 1 if the channel exists else 0, most messages that the channel keeps or "", id after which to read on or ""
-- when that was all, messages }, a message as { seconds left to live, time, tag, time and tag of the message before it,
-- data, content type, event, compression, 1 if it is in the buffer else 0 }

--- @include "argument"
--- @include "entries_after"
--- @include "message_key"
--- @include "read_message"

local channel = text("channel", KEYS[1])
local time = integer("time", ARGV[1], 0)
local tag = integer("tag", ARGV[2], LEAST_TAG)
local present = either("present", ARGV[3], "0", "1") == "1"
local max_count = integer("max_count", ARGV[4], 1)
local max_bytes = integer("max_bytes", ARGV[5], 1)
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "current_message", "max_stored_messages")
local newest = head[1]
if not newest then return { redis.call("EXISTS", channel), head[2] or "", "", {} } end

local messages, prefix = channel .. ":messages", message_prefix(channel)

local found, bytes = {}, 0

local function full()
  return #found >= max_count or bytes >= max_bytes
end

local function take(id)
  local message, buffered = read_message(prefix .. id)
  if not message or not (buffered or present) then return false end
  message[10] = buffered and 1 or 0
  found[#found + 1] = message
  bytes = bytes + #message[6]
  return true
end

-- The messages that no buffer keeps are found only by those before them, as long as the chain is whole.
local last = time .. ":" .. tag
while present and not full() do
  local successor = redis.call("HGET", prefix .. last, "next")
  if not successor or not take(successor) then break end
  last = successor
end
if #found > 0 then
  local end_of_chain = found[#found]
  time, tag = tonumber(end_of_chain[2]), tonumber(end_of_chain[3])
end

-- Entries of expired messages are looked at, too: no more than messages are read, so that it does not hold Redis up.
local first = 0
if not full() and is_after(newest, time, tag) then
  local left = entries_after(channel, time, tag)
  first = math.max(left - max_count, 0)
  local ids = left > 0 and redis.call("LRANGE", messages, first, left - 1) or {}
  for i = #ids, 1, -1 do
    if full() then break end
    last = ids[i]
    take(last)
  end
end

local more = (full() or first > 0) and last ~= newest
return { 1, head[2] or "", more and last or "", found }
