-- What a user may not do ends a script where it comes to it, half-way. So it is asked first whether that user may announce
-- what is about to be done, for without it nobody hears of it.

-- The error reply where an ACL forbids `command`, PUBLISH or SPUBLISH, on the PUBSUB channel of a channel; nil where it is
-- allowed. Redis 6 cannot be asked.
local function announcing_refused(command, channel)
  local pubsub = channel .. ":pubsub"
  if not redis.acl_check_cmd or redis.acl_check_cmd(command, pubsub, "") then return nil end
  return redis.error_reply("NOPERM this user may not " .. command .. " to " .. pubsub .. ", so nothing was done")
end
