--- @include "drop_expired"
--- @include "subscriber_count"

-- The figures of a channel, nil where there is none: { id of the newest message or "", messages in the buffer,
-- subscribers, Unix second of the last subscriber's coming or going or -1 }.
local function channel_figures(channel, accurate)
  if redis.call("EXISTS", channel) == 0 then return nil end
  local head = redis.call(
    "HMGET", channel, "current_message", "fake_subscribers", "subscribers", "last_seen_fake_subscriber"
  )
  local count = drop_expired(channel, redis.call("LLEN", channel .. ":messages"))
  return { head[1] or "", count, subscriber_count(channel, accurate, head[2], head[3]), head[4] or -1 }
end
