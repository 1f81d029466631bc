-- How many clients subscribe to a channel, over all servers. `fake_subscribers` and `subscribers` are those fields of
-- its head, false where they are missing: the first counts clients; where no server keeps it, the number of servers
-- must do. Servers that died leave both too high, and lost counts too low: but never below nobody.
-- If `accurate`, it is the sum of what the workers say that still listen on their own PUBSUB channel; the others are
-- forgotten.
local function subscriber_count(channel, accurate, fake_subscribers, subscribers)
  local total = 0
  if accurate then
    local counts = channel .. ":subscriber_counts"
    local by_worker = redis.call("HGETALL", counts)
    for i = 1, #by_worker, 2 do
      local worker, count = by_worker[i], tonumber(by_worker[i + 1])
      if count > 0 and redis.call("PUBSUB", "NUMSUB", worker)[2] > 0 then
        total = total + count
      else
        redis.call("HDEL", counts, worker)
      end
    end
  else
    total = tonumber(fake_subscribers or subscribers or 0)
  end
  return total > 0 and total or 0
end
