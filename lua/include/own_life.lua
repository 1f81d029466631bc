-- The life of a channel that is not over: its name lives as long as the head.
local function own_life_key(channel)
  return channel .. ":life"
end
