-- Announces a message that is stored nowhere; servers with subscribers deliver it under ids of their own.
--
-- KEYS[1] channel            key of the channel's head, ns{channel:ID}
-- ARGV[1] data               the message, bytes
-- ARGV[2] content_type       may be empty
-- ARGV[3] eventsource_event  name of the event, may be empty
-- ARGV[4] compression        0, or 1 if WebSocket subscribers shall get it compressed
-- ARGV[5] ttl                seconds that servers keep the message for later subscribers
-- ARGV[6] time               Unix second of the message
-- ARGV[7] publish_command    PUBLISH, or SPUBLISH in a cluster that has it
-- ARGV[8] accurate           1 to count only the subscribers of servers that are alive, else 0
--
-- Reply: { servers that heard it, subscribers, Unix second of the last subscriber's coming or going or -1 }

--- @include "announce"
--- @include "argument"
--- @include "subscriber_count"

-- Where the last argument is there, all are.
local channel = text("channel", KEYS[1])
local compression = either("compression", ARGV[4], "0", "1")
local ttl = integer("ttl", ARGV[5], 0)
local time = integer("time", ARGV[6], 0)
local command = either("publish_command", ARGV[7], "PUBLISH", "SPUBLISH")
local accurate = either("accurate", ARGV[8], "0", "1")
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "fake_subscribers", "subscribers", "last_seen_fake_subscriber")
local subscribers = subscriber_count(channel, accurate == "1", head[1], head[2])
-- Without a message before it, every subscriber gets it at once.
local message = { "msg", ttl, time, 0, 0, 0, ARGV[1], ARGV[2], ARGV[3], compression + 0 }
-- Who hears this and is registered learns that Redis has lost it: nothing else tells, where nothing is stored. Nchan reads
-- past it.
if tonumber(head[2] or 0) <= 0 then message[#message + 1] = 1 end
local heard = announce(command, channel, message)
return { heard, subscribers, head[3] or -1 }
