-- Finds what sidecars that were killed have left to be asked about their subscribers, a part at a time. Who is alive
-- listens on its own PUBSUB channel.
--
-- KEYS[1] hooks   hash of the sidecar's instance, ns{njchan:hooks:INSTANCE}
-- ARGV[1] cursor  0 at first, then what the last reply said
-- ARGV[2] count   how many fields to look at, roughly
-- ARGV[3] own     PUBSUB channel of the worker that asks
--
-- Reply: the next cursor, "0" at the end; how many fields of others who are alive were seen; then fields and values of
-- those who are not, in turn

--- @include "argument"

local hooks = text("hooks", KEYS[1])
local cursor = integer("cursor", ARGV[1], 0)
local count = integer("count", ARGV[2], 1)
local own = text("own", ARGV[3])
local refused = refusal()
if refused then return refused end

local part = redis.call("HSCAN", hooks, cursor, "COUNT", count)
local reply = { part[1], 0 }
local alive = {}
for i = 1, #part[2], 2 do
  local field, value = part[2][i], part[2][i + 1]
  local worker = string.match(field, "^(.*) %d+$") or ""
  if worker ~= own then
    if alive[worker] == nil then alive[worker] = redis.call("PUBSUB", "NUMSUB", worker)[2] > 0 end
    if alive[worker] then
      reply[2] = reply[2] + 1
    else
      reply[#reply + 1] = field
      reply[#reply + 1] = value
    end
  end
end
return reply
