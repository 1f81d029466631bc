-- Tells whether a channel is still the one that a server knows. A channel that was deleted and one that Redis lost look
-- alike: the head is gone, or another one has its place. So each life of a channel has a name, which its head has and a
-- key that expires with it. A name that outlives the head was deleted, and the names of those are remembered.
--
-- Only njchan's deletions write that down. Where the head is gone and the name is not, a server of Nchan has deleted the
-- channel, or has let the head expire alone, having taken back more registrations than its own.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] known    name of the life that the server knows, or - for none
-- ARGV[2] new      name for a life that has none yet: the known one, where there is one
-- ARGV[3] away     1 when the server may not have heard of a deletion by Nchan, 0 when it was listening all the time
--
-- Reply: name of the channel's life; empty when the known one was deleted; nil when the channel is not there, and was not
-- deleted as far as Redis knows

--- @include "argument"
--- @include "lives"

local channel = text("channel", KEYS[1])
local known = text("known", ARGV[1])
local new = text("new", ARGV[2])
local away = either("away", ARGV[3], "0", "1") == "1"
local refused = refusal()
if refused then return refused end

local head = redis.call("HMGET", channel, "life", "current_message")
local life = head[1]
if life == known then return life end

for _, name in ipairs(redis.call("LRANGE", past_lives_key(channel), 0, -1)) do
  if name == known or (away and name == DOUBT .. known) then return "" end
end

local own_key = own_life_key(channel)
local own = redis.call("GET", own_key)
-- Messages without a newest one: Redis has thrown away the head alone.
local lost = not head[2] and redis.call("EXISTS", channel .. ":messages") == 1
local over = own and own ~= life and not lost
if over and away and own == known then return "" end

local left = redis.call("PTTL", channel)
if left == -2 then return false end
if over and own ~= new then end_life(channel, DOUBT .. own) end
if not life then
  life = new
  redis.call("HSET", channel, "life", life)
end
if own ~= life then redis.call("SET", own_key, life) end
if left > 0 then redis.call("PEXPIRE", own_key, left) end
return life
