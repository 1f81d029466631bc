-- Gives the next number for request_subscriber_info; all servers share the counter, whatever their namespace.
--
-- KEYS[1] counter  nchan:unique_request_id
--
-- Reply: the number

--- @include "argument"

local counter = text("counter", KEYS[1])
local refused = refusal()
if refused then return refused end

local last = redis.call("GET", counter)
if last and not tonumber(last) then redis.call("SET", counter, 0) end
return redis.call("INCR", counter)
