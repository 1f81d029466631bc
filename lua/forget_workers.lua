-- Takes away what workers that died have left of their clients. A worker that has just lost its connection comes back
-- within seconds, so one is only forgotten that was not there some time ago either, and has said nothing since.
--
-- KEYS[1] channel   key of the channel's head, ns{channel:ID}
-- ARGV[1] suspects  what this script replied some time ago, or empty
--
-- Reply: the workers that do not listen on their own PUBSUB channel now and are not forgotten yet, each with its number,
-- one a line

--- @include "argument"

local channel = text("channel", KEYS[1])
local suspects = text("suspects", ARGV[1])
local refused = refusal()
if refused then return refused end

local counts = channel .. ":subscriber_counts"
local by_worker = redis.call("HGETALL", counts)
local found, clients = {}, 0
for i = 1, #by_worker, 2 do
  local worker, count = by_worker[i], by_worker[i + 1]
  if redis.call("PUBSUB", "NUMSUB", worker)[2] == 0 then
    local line = worker .. " " .. count .. "\n"
    if string.find("\n" .. suspects, "\n" .. line, 1, true) then
      redis.call("HDEL", counts, worker)
      -- Nchan counts below nobody when a channel is deleted; the sum knows nothing of that.
      clients = clients + math.max(tonumber(count) or 0, 0)
    else
      found[#found + 1] = line
    end
  end
end

if clients > 0 and redis.call("EXISTS", channel) == 1 then
  local total = redis.call("HINCRBY", channel, "fake_subscribers", -clients)
  if total < 0 then redis.call("HSET", channel, "fake_subscribers", 0) end
end
return table.concat(found)
