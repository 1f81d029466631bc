-- The message under a key: { seconds left to live, time, tag, prev_time, prev_tag, data, content_type,
-- eventsource_event, compression }, nil when it is gone. After it, whether it is in the channel's buffer.
local function read_message(key)
  local message = redis.call(
    "HMGET", key, "time", "tag", "prev_time", "prev_tag", "data", "content_type", "eventsource_event", "compression",
    "unbuffered"
  )
  if not message[1] then return nil end
  -- Nchan leaves these out of a message after one that expired.
  message[3], message[4] = message[3] or "0", message[4] or "0"
  local buffered = not table.remove(message)
  table.insert(message, 1, math.max(redis.call("TTL", key), 1))
  return message, buffered
end
