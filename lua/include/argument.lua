-- Checks of a script's arguments. They remember the first wrong one, so that a script checks them all, then refuses
-- once, before it has changed anything.

local wrong

local function expect(name, value, expectation)
  wrong = wrong or (name .. (value and expectation or " is missing"))
end

-- The argument as it came, which may be empty.
local function text(name, value)
  if not value then expect(name, value) end
  return value
end

-- Larger numbers would lose digits as text.
local MAX_INTEGER = 10 ^ 13

-- The argument as a number; it must be whole and at least `least`.
local function integer(name, value, least)
  local number = tonumber(value)
  if number and number >= least and number <= MAX_INTEGER and number % 1 == 0 then return number end
  expect(name, value, " must be a whole number of at least " .. least)
end

-- The argument as it came, one of two words.
local function either(name, value, one, other)
  if value == one or value == other then return value end
  expect(name, value, " must be " .. one .. " or " .. other)
end

-- The error reply for the wrong argument, nil when all are right.
local function refusal()
  return wrong and redis.error_reply("ERR " .. wrong)
end
