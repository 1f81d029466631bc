-- Takes away what workers that died have left: the numbers of their clients, and the registrations of their servers. A
-- worker that has just lost its connection comes back within seconds, so one is only forgotten that was not there some
-- time ago either, and has said nothing since.
--
-- KEYS[1] channel    key of the channel's head, ns{channel:ID}
-- ARGV[1] suspects   what this script replied some time ago, or empty
-- ARGV[2] empty_ttl  seconds that a channel lives on without messages and servers
--
-- Reply: the workers that do not listen on their own PUBSUB channel now and are not forgotten yet, one a line: with the
-- number of their clients, or with a server and the id of its registration

--- @include "argument"
--- @include "channel_keys"
--- @include "registration"

local channel = text("channel", KEYS[1])
local suspects = text("suspects", ARGV[1])
local empty_ttl = integer("empty_ttl", ARGV[2], 0)
local refused = refusal()
if refused then return refused end

local found = {}

-- Whether a worker that has said this is to be forgotten; if it is a new suspect, it will be in the reply.
local function is_dead(worker, said)
  if redis.call("PUBSUB", "NUMSUB", worker)[2] > 0 then return false end
  local line = worker .. " " .. said .. "\n"
  if string.find("\n" .. suspects, "\n" .. line, 1, true) then return true end
  found[#found + 1] = line
  return false
end

local function forget_clients()
  local counts, clients = channel .. ":subscriber_counts", 0
  local by_worker = redis.call("HGETALL", counts)
  for i = 1, #by_worker, 2 do
    local worker, count = by_worker[i], by_worker[i + 1]
    if is_dead(worker, count) then
      redis.call("HDEL", counts, worker)
      -- Nchan counts below nobody when a channel is deleted; the sum knows nothing of that.
      clients = clients + math.max(tonumber(count) or 0, 0)
    end
  end
  if clients == 0 or redis.call("EXISTS", channel) == 0 then return end
  local total = redis.call("HINCRBY", channel, "fake_subscribers", -clients)
  if total < 0 then redis.call("HSET", channel, "fake_subscribers", 0) end
end

local function forget_registrations()
  local head = redis.call("HGETALL", channel)
  local fields, dead = {}, {}
  for i = 1, #head, 2 do fields[head[i]] = head[i + 1] end
  local pattern = "^" .. worker_field("(.+)") .. "$"
  for field, worker in pairs(fields) do
    local server = string.match(field, pattern)
    local id = server and fields[registration_field(server)]
    if id and is_dead(WORKER_PREFIX .. worker, server .. " " .. id) then dead[#dead + 1] = server end
  end
  if #dead == 0 then return end
  for _, server in ipairs(dead) do redis.call("HDEL", channel, registration_field(server), worker_field(server)) end
  -- Servers of Nchan may have taken back more than there were.
  local left = math.max(tonumber(fields.subscribers or 0) - #dead, 0)
  redis.call("HSET", channel, "subscribers", left)
  if left == 0 and redis.call("EXISTS", channel .. ":messages") == 0 then expire_channel(channel, empty_ttl * 1000) end
end

forget_clients()
forget_registrations()
return table.concat(found)
