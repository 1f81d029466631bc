-- Messages are hashes of their own beside the channel's head.

-- What the key of each of a channel's messages begins with; its id, `time:tag`, follows.
local function message_prefix(channel)
  return channel .. ":msg:"
end
