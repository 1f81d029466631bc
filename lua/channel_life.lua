-- Tells whether a channel is still the one that a server knows. A channel that was deleted and one that Redis lost look
-- alike: the head is gone, or another one has its place. So each life of a channel has a name, which its head has, and
-- the names outlive the head: a life that Redis remembers without its head was deleted.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] known    name of the life that the server knows, or - for none
-- ARGV[2] new      name for a life that has none yet: the known one, where there is one
--
-- Reply: name of the channel's life; empty when the known one was deleted; nil when the channel is not there, and was not
-- deleted as far as Redis knows

--- @include "argument"

-- Names that are remembered; who was away for more lives than that does not learn of it.
local MAX_LIVES = 16

local channel = text("channel", KEYS[1])
local known = text("known", ARGV[1])
local new = text("new", ARGV[2])
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "life", "current_message")
local life = head[1]
if life == known then return life end

local lives = channel .. ":lives"
local names = redis.call("LRANGE", lives, 0, -1)
-- Messages without a newest one: Redis has thrown away the head alone.
local lost = not head[2] and redis.call("EXISTS", channel .. ":messages") == 1
for _, name in ipairs(names) do
  if name == known and not lost then return "" end
end

local left = redis.call("PTTL", channel)
if left == -2 then return false end
if not life then
  life = new
  redis.call("HSET", channel, "life", life)
end
if names[1] ~= life then
  redis.call("LPUSH", lives, life)
  redis.call("LTRIM", lives, 0, MAX_LIVES - 1)
end
if left > 0 then redis.call("PEXPIRE", lives, left) end
return life
