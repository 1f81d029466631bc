-- A message id is `time:tag`: the Unix second of Redis's clock, and a number that counts within it.

-- Of 16 bits, in servers of Nchan with a sign.
local LEAST_TAG = -32768

-- Time and tag of an id, as text; nil for what is none.
local function parse_id(id)
  return string.match(id, "^(%d+):(-?%d+)$")
end
