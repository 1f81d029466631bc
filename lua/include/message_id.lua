-- A message id is `time:tag`: the Unix second of Redis's clock, and a number that counts within it.

-- Tags are 16 bits wide wherever they are read. Ours are not below zero, those of Nchan's servers may be.
local LEAST_TAG, GREATEST_TAG = -32768, 32767

-- Time and tag of an id, as text; nil for what is none.
local function parse_id(id)
  return string.match(id, "^(%d+):(-?%d+)$")
end
