-- What all servers with subscribers of a channel must know goes over its PUBSUB channel as a msgpack array.

-- Returns how many servers heard it.
local function announce(command, channel, array)
  return redis.call(command, channel .. ":pubsub", cmsgpack.pack(array))
end

-- For what servers of Nchan announce by PUBLISH also where messages go by SPUBLISH: whoever listens either way gets it.
local function announce_both_ways(command, channel, array)
  local heard = announce("PUBLISH", channel, array)
  if command == "SPUBLISH" then heard = math.max(heard, announce("SPUBLISH", channel, array)) end
  return heard
end
