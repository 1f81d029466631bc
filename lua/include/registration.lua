-- A head counts the servers that are registered, and has a field for each of ours, with the id of its registration. So
-- what is known of a server comes and goes with the count, however the head was lost: deleted, evicted, expired, or put
-- back by a replica that had not got the last of it. Nchan reads past fields that it does not know.

-- The field of a server.
local function registration_field(server)
  return "registered:" .. server
end

-- The field that tells the process which the server is in, where it has said so: its PUBSUB channel without what all of
-- them begin with, since Redis needs several times the memory for a hash with a value of more than 64 bytes.
local function worker_field(server)
  return "worker:" .. server
end

local WORKER_PREFIX = "nchan_worker:"
