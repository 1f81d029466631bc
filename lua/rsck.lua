-- Checks what Redis has of a channel, a slice of its messages at a time; changes nothing. Reads every message's fields
-- but its data. Redis does nothing else meanwhile, so a slice has a bound.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- ARGV[1] first    index in the list of messages where the slice begins; 0 is the newest message
-- ARGV[2] count    messages in the slice, 1 to 1000
--
-- Reply: { first of the next slice or -1 when this was the last, problem, … }; each problem is { kind, sentence }, where
-- kind is "damaged", "harmless" for what Nchan leaves in normal operation, or "foreign" for a key that is of another
-- type than a channel's. The head is checked with the slice that begins at 0. Each slice also compares its newest
-- message with the one before it in the list.

--- @include "argument"
--- @include "message_id"
--- @include "message_key"

local MAX_COUNT = 1000

local channel = text("channel", KEYS[1])
local first = integer("first", ARGV[1], 0)
local count = integer("count", ARGV[2], 1)
if count and count > MAX_COUNT then expect("count", ARGV[2], " must be at most " .. MAX_COUNT) end
local refused = refusal()
if refused then return refused end

local messages, prefix = channel .. ":messages", message_prefix(channel)
local reply = { -1 }

local function report(kind, ...)
  reply[#reply + 1] = { kind, string.format(...) }
end

local function problem(...)
  report("damaged", ...)
end

local function numbers_of(id)
  local time, tag = parse_id(id or "")
  return tonumber(time), tonumber(tag)
end

local function is_newer(time, tag, than_time, than_tag)
  return time > than_time or (time == than_time and tag > than_tag)
end

-- Reads that would fail on the wrong type come after this.
local types_are_right = true
for suffix, expected in pairs({ [""] = "hash", [":messages"] = "list", [":subscriber_counts"] = "hash" }) do
  local found = redis.call("TYPE", channel .. suffix).ok
  if found ~= "none" and found ~= expected then
    report("foreign", "%s is a %s, not a %s", suffix == "" and "the head" or suffix, found, expected)
    types_are_right = false
  end
end
if not types_are_right then return reply end

local length = redis.call("LLEN", messages)
if redis.call("EXISTS", channel) == 0 then
  if length > 0 then problem("there are %d messages, but no head", length) end
  if redis.call("EXISTS", channel .. ":subscriber_counts") == 1 then problem(":subscriber_counts has no head") end
  return reply
end

local current = redis.call("HGET", channel, "current_message")
local current_time, current_tag = numbers_of(current)

-- A hash that is there and belongs in the list.
local function is_buffered(id)
  local key = prefix .. id
  return redis.call("TYPE", key).ok == "hash" and redis.call("HGET", key, "unbuffered") ~= "1"
end

local function check_head()
  local head = redis.call("HMGET", channel, "time", "max_stored_messages", "subscribers", "fake_subscribers")
  local time, most = head[1], tonumber(head[2])

  local never_expires = redis.call("PTTL", channel) == -1
  if never_expires then problem("the head never expires") end
  if not never_expires and redis.call("PTTL", messages) == -1 then
    problem(":messages never expires, but the head does")
  end
  for name, number in pairs({ subscribers = head[3], fake_subscribers = head[4] }) do
    local value = tonumber(number or 0)
    if not value then
      problem("%s is %s", name, number)
    elseif value < 0 then
      report("harmless", "%s is %s", name, number)
    end
  end

  if not current then
    if length > 0 then problem("there are %d messages, but no current_message", length) end
  elseif not current_time then
    problem("current_message is no id")
  else
    if tonumber(time) ~= current_time then
      problem("time is %s, but current_message is %s", time or "missing", current)
    end
    if length == 0 and is_buffered(current) then
      problem("current_message, %s, is there, but the list of messages is empty", current)
    end
  end
  if most and most > 0 and length > most then
    problem("there are %d messages, but only %d may be kept", length, most)
  end
end

if first == 0 then check_head() end

-- True when the message is there. `newer` is as below.
local function check_message(id, id_time, id_tag, newer)
  local key = prefix .. id
  local found = redis.call("TYPE", key).ok
  -- An expired message has no hash, which is as it should be.
  if found == "none" then return false end
  if found ~= "hash" then
    report("foreign", "message %s is a %s, not a hash", id, found)
    return false
  end
  local message = redis.call("HMGET", key, "id", "time", "tag", "next")
  if message[1] ~= id or tonumber(message[2]) ~= id_time or tonumber(message[3]) ~= id_tag then
    problem("message %s says that it is %s", id, message[1] or "another")
  elseif redis.call("HEXISTS", key, "data") == 0 then
    problem("message %s has no data", id)
  end
  if redis.call("PTTL", key) == -1 then problem("message %s never expires", id) end

  -- Between a message and the next newer one in the list, there may have been some that no buffer keeps or that have
  -- expired since.
  local successor = message[4]
  if not successor and newer and newer.id then
    problem("message %s does not say that %s is next", id, newer.id)
  elseif successor and newer and successor ~= newer.id then
    local time, tag = numbers_of(successor)
    local between = time and is_newer(time, tag, id_time, id_tag)
      and (not newer.id or is_newer(newer.time, newer.tag, time, tag))
    if not between or is_buffered(successor) then
      problem("message %s says that %s is next, but %s is", id, successor, newer.id or "nothing")
    end
  end
  return true
end

-- The next newer message that is there: without an id when there is none, nil when that is not known, as in a list that
-- is out of order.
local newer, in_order = first == 0 and {} or nil, true
local later_time, later_tag, later_id
local from = math.max(first - 1, 0)
for i, id in ipairs(redis.call("LRANGE", messages, from, first + count - 1)) do
  local is_before_slice = from + i - 1 < first
  local id_time, id_tag = numbers_of(id)
  if not id_time then
    problem("the list has an entry that is no id")
    return reply
  end
  if later_time and not is_newer(later_time, later_tag, id_time, id_tag) then
    problem("message %s is listed before %s", later_id, id)
    newer, in_order = nil, false
  elseif from + i == 1 and current_time and is_newer(id_time, id_tag, current_time, current_tag) then
    problem("message %s is newer than current_message, %s", id, current)
  end
  later_time, later_tag, later_id = id_time, id_tag, id

  local is_there
  if is_before_slice then
    is_there = redis.call("EXISTS", prefix .. id) == 1
  else
    is_there = check_message(id, id_time, id_tag, newer)
  end
  if is_there and in_order then newer = { id = id, time = id_time, tag = id_tag } end
end

if first + count < length then reply[1] = first + count end
return reply
