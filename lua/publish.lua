-- Publishes a message: stores it, trims the channel's buffer and announces it to every server.
--
-- KEYS[1] channel            key of the channel's head, ns{channel:ID}
-- ARGV[1] data               the message, bytes
-- ARGV[2] content_type       may be empty
-- ARGV[3] eventsource_event  name of the event, may be empty
-- ARGV[4] compression        0, or 1 if WebSocket subscribers shall get it compressed
-- ARGV[5] ttl                seconds that the message lives; 0 for four years
-- ARGV[6] max_messages       most messages kept; 0 delivers to present subscribers only, -1 keeps all
-- ARGV[7] cutoff             bytes of data from which on the announcement carries the message's key in its place
-- ARGV[8] publish_command    PUBLISH, or SPUBLISH in a cluster that has it
-- ARGV[9] accurate           1 to count only the subscribers of servers that are alive, else 0
-- ARGV[10] id                the message's id, of a server that has its channels in its own memory and but a copy here; it
--                            counts if it is after the channel's newest. Without it, it is of Redis's clock
--
-- Reply: { id, messages in the buffer, subscribers, Unix second of the last subscriber's coming or going or -1 }

--- @include "argument"
--- @include "message_id"
--- @include "message_key"
--- @include "permission"
--- @include "subscriber_count"

-- Redis makes the functions of a script anew for each call. Those that not every message needs are included where they
-- are needed.

local FOUR_YEARS = 126144000

-- Where the last argument that must be there is there, all are.
local data, content_type, eventsource_event = ARGV[1], ARGV[2], ARGV[3]
local channel = text("channel", KEYS[1])
local compression = either("compression", ARGV[4], "0", "1")
local ttl = integer("ttl", ARGV[5], 0)
local max_messages = integer("max_messages", ARGV[6], -1)
local cutoff = integer("cutoff", ARGV[7], 0)
local command = either("publish_command", ARGV[8], "PUBLISH", "SPUBLISH")
local accurate = either("accurate", ARGV[9], "0", "1")
local own_time, own_tag
if ARGV[10] then
  own_time, own_tag = string.match(ARGV[10], "^(%d+):(%d+)$")
  if not own_time then expect("id", ARGV[10], " must be time:tag") end
end
local refused = refusal() or announcing_refused(command, channel)
if refused then return refused end
if ttl == 0 then ttl = FOUR_YEARS end

local prefix = message_prefix(channel)
local messages = channel .. ":messages"

local head = redis.call(
  "HMGET", channel, "current_message", "max_stored_messages", "fake_subscribers", "subscribers",
  "last_seen_fake_subscriber"
)
local newest = head[1]
-- Counted first: what can be refused, refuses before anything is changed.
local subscribers = subscriber_count(channel, accurate == "1", head[3], head[4])
-- Most numbers are text from here on: Redis would format them anew for each command.
local now = redis.call("TIME")[1]
local time, tag = own_time or now, own_tag or "0"
local newest_time, newest_tag

-- Ids only grow as long as Redis knows the channel, also when its clock steps back.
local last = newest
if not last then
  --- @include "tombstone"
  -- The channel has no message, as after a deletion; or Redis has thrown away the head alone.
  last = redis.call("LINDEX", messages, 0) or id_before_deletion(channel, now)
end
if last then
  newest_time, newest_tag = parse_id(last)
  local later = time - newest_time
  if later < 0 or (later == 0 and tag - newest_tag <= 0) then
    if newest_tag + 0 < GREATEST_TAG then
      time, tag = newest_time, tostring(newest_tag + 1)
    else
      time, tag = tostring(newest_time + 1), "0"
    end
  end
end
local id = time .. ":" .. tag
local key = prefix .. id
local ttl_text = tostring(ttl)

local length_changed = tonumber(head[2]) ~= max_messages
if length_changed then redis.call("HSET", channel, "max_stored_messages", max_messages) end

-- A message and the one before it know of each other, as long as both are there.
local previous_time, previous_tag = "0", "0"
if newest and redis.call("EXISTS", prefix .. newest) == 1 then
  previous_time, previous_tag = newest_time, newest_tag
  redis.call("HSET", prefix .. newest, "next", id)
  redis.call("HSET", channel, "current_message", id, "time", time, "prev_message", newest)
else
  newest = false
  redis.call("HSET", channel, "current_message", id, "time", time)
  -- Of a channel whose head was lost, a message of this second may be left.
  redis.call("DEL", key)
end

redis.call(
  "HSET", key, "data", data, "id", id, "time", time, "tag", tag, "prev_time", previous_time, "prev_tag", previous_tag,
  "content_type", content_type, "eventsource_event", eventsource_event, "compression", compression, "ttl", ttl_text,
  newest and "prev" or "id", newest or id
)
redis.call("EXPIRE", key, ttl_text)

local count
if max_messages == 0 then
  redis.call("HSET", key, "unbuffered", "1")
  count = redis.call("LLEN", messages)
else
  count = redis.call("LPUSH", messages, id)
  if count > max_messages and max_messages > 0 then
    --- @include "trim"
    count = trim(channel, count, max_messages)
  end
  if tag == "0" then
    --- @include "drop_expired"
    -- What expires in the course of a second is dropped with the next one's first message.
    count = drop_expired(channel, count)
  end
end

local left = redis.call("PTTL", channel)
if left < ttl * 1000 + 500 then
  --- @include "channel_keys"
  expire_channel(channel, (ttl + 1) * 1000)
elseif count == 1 then
  -- A list that begins in a channel which lives for longer.
  redis.call("PEXPIRE", messages, left)
end

local announcement
if max_messages ~= 0 and #data >= cutoff then
  announcement = { "msgkey", time + 0, tag + 0, key }
else
  -- Present subscribers get an unbuffered message whatever they have seen.
  if max_messages == 0 then previous_time, previous_tag = 0, 0 end
  announcement = {
    "msg", ttl, time + 0, tag + 0, previous_time + 0, previous_tag + 0, data, content_type, eventsource_event,
    compression + 0
  }
end
if length_changed then
  announcement[1] = "max_msgs+" .. announcement[1]
  table.insert(announcement, 2, max_messages)
end
redis.call(command, channel .. ":pubsub", cmsgpack.pack(announcement))

return { id, count, subscribers, head[5] or -1 }
