-- Checks what Redis has of a channel; changes nothing. Reads every message's fields but its data.
--
-- KEYS[1] channel  key of the channel's head, ns{channel:ID}
--
-- Reply: a list of what is wrong, a sentence each; empty when all is well

--- @include "argument"
--- @include "message_key"

local channel = text("channel", KEYS[1])
local refused = refusal()
if refused then return refused end

local messages, prefix = channel .. ":messages", message_prefix(channel)
local problems = {}

local function problem(...)
  problems[#problems + 1] = string.format(...)
end

local function parse_id(id)
  local time, tag = string.match(id or "", "^(%d+):(%d+)$")
  return tonumber(time), tonumber(tag)
end

-- Reads that would fail on the wrong type come after this.
local types_are_right = true
for suffix, expected in pairs({ [""] = "hash", [":messages"] = "list", [":subscriber_counts"] = "hash" }) do
  local found = redis.call("TYPE", channel .. suffix).ok
  if found ~= "none" and found ~= expected then
    problem("%s is a %s, not a %s", suffix == "" and "the head" or suffix, found, expected)
    types_are_right = false
  end
end
if not types_are_right then return problems end

local ids = redis.call("LRANGE", messages, 0, -1)
if redis.call("EXISTS", channel) == 0 then
  if #ids > 0 then problem("there are %d messages, but no head", #ids) end
  if redis.call("EXISTS", channel .. ":subscriber_counts") == 1 then problem(":subscriber_counts has no head") end
  return problems
end

local head = redis.call(
  "HMGET", channel, "current_message", "time", "max_stored_messages", "subscribers", "fake_subscribers"
)
local current, time, most = head[1], head[2], tonumber(head[3])
local current_time, current_tag = parse_id(current)

if redis.call("PTTL", channel) == -1 then problem("the head never expires") end
for name, count in pairs({ subscribers = head[4], fake_subscribers = head[5] }) do
  local number = tonumber(count or 0)
  if not number or number < 0 then problem("%s is %s", name, count) end
end

if not current then
  if #ids > 0 then problem("there are %d messages, but no current_message", #ids) end
elseif not current_time then
  problem("current_message is no id")
elseif tonumber(time) ~= current_time then
  problem("time is %s, but current_message is %s", time or "missing", current)
end
if most and most > 0 and #ids > most then
  problem("there are %d messages, but only %d may be kept", #ids, most)
end

-- An expired message has no hash, which is as it should be.
local later_time, later_tag, later_id
for _, id in ipairs(ids) do
  local id_time, id_tag = parse_id(id)
  if not id_time then
    problem("the list has an entry that is no id")
    break
  end
  if later_time and (id_time > later_time or (id_time == later_time and id_tag >= later_tag)) then
    problem("message %s is listed before %s", later_id, id)
  elseif not later_time and current_time
    and (id_time > current_time or (id_time == current_time and id_tag > current_tag)) then
    problem("message %s is newer than current_message, %s", id, current)
  end
  later_time, later_tag, later_id = id_time, id_tag, id

  local key = prefix .. id
  local message = redis.call("HMGET", key, "id", "time", "tag")
  if redis.call("EXISTS", key) == 1 then
    if message[1] ~= id or tonumber(message[2]) ~= id_time or tonumber(message[3]) ~= id_tag then
      problem("message %s says that it is %s", id, message[1] or "another")
    elseif redis.call("HEXISTS", key, "data") == 0 then
      problem("message %s has no data", id)
    end
    if redis.call("PTTL", key) == -1 then problem("message %s never expires", id) end
  end
end
return problems
