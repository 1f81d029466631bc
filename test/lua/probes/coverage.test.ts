import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { LineRun, Script } from '../../../lua/hsss/script.ts';
import { startRedis } from '../../support/redis.ts';
import { decodeReply, evalsha, loadScripts } from '../support/scripts.ts';
import { coverageText, LuaCoverage } from './coverage.ts';
import { instrument } from './instrument.ts';

const redisServer = await startRedis();
const redis = await redisServer.connect();

function script(
  name: string,
  text: string,
  lines: LineRun[] = [{ embedded: 1, file: `${name}.lua`, line: 1 }],
) {
  const source = Buffer.from(text, 'latin1');
  const sha1 = createHash('sha1').update(source).digest('hex');
  return { name, sha1, source, keys: [], args: [], lines, comment: [] } satisfies Script;
}

/** Runs the instrumented script once for each list of arguments, and gives what was covered. */
async function cover(sample: Script, ...calls: string[][]) {
  const coverage = new LuaCoverage([sample]);
  const [loaded] = [...(await loadScripts(redis, coverage.scripts)).byName.values()];
  for (const args of calls) await evalsha(redis, loaded?.sha1 ?? '', [], args);
  return coverage.report(redisServer.log());
}

test('a line counts as run if everything that begins on it was run', async () => {
  const sample = script(
    'sample',
    [
      'local choice = ARGV[1]', // 1
      'if choice == "a" then return "first" end', // 2: the return is not run
      '', // 3
      'if choice == "b" then', // 4
      '  return "second"', // 5: not run
      'elseif choice == "c" then', // 6
      '  choice = "third"', // 7
      'elseif choice == "d" then', // 8: not run
      '  choice = "fourth"', // 9: not run
      'else', // 10
      '  choice = "fifth"', // 11: not run
      'end', // 12
      'local function unused(x)', // 13
      '  return x', // 14: not run
      'end', // 15
      'return choice', // 16
    ].join('\n'),
  );
  const report = await cover(sample, ['c']);
  expect(report).toEqual([{ file: 'sample.lua', lines: 12, run: 6, missed: [5, 8, 9, 11, 14], partly: [2] }]);
  expect(coverageText(report)).toBe(
    'lua coverage: sample.lua 6/12 lines 50.0 %  not run: 5, 8, 9, 11, 14, 2 (in part)\n' +
      'lua coverage: all 50.0 %',
  );
  const more = await cover(sample, ['a'], ['b'], ['d'], ['e']);
  expect(more).toEqual([{ file: 'sample.lua', lines: 12, run: 11, missed: [14], partly: [] }]);
});

test('loops, bodies on one line and functions in tables have their own lines', async () => {
  const sample = script(
    'loops',
    [
      'local t = {', // 1
      '  double = function(x)', // 2: begins no statement
      '    return 2 * x', // 3
      '  end,', // 4
      '  never = function() return 0 end', // 5: not run
      '}', // 6
      'local i = 0', // 7
      'repeat', // 8
      '  i = i + 1', // 9
      'until i == 3 or', // 10
      '  i > 5', // 11: a part of the condition
      'while i > 3 do', // 12
      '  i = 0', // 13: not run
      'end', // 14
      'for _ = 1, 2 do break end', // 15
      'for _ in pairs({}) do i = 0 end', // 16: the body is not run
      'do', // 17
      '  return t.double(i)', // 18
      'end', // 19
    ].join('\n'),
  );
  expect(await cover(sample, [])).toEqual([
    { file: 'loops.lua', lines: 13, run: 10, missed: [5, 13], partly: [16] },
  ]);
});

test('an included file is covered by all scripts that include it', async () => {
  const shared = 'local function sign(x)\nif x < 0 then\nreturn "-"\nend\nreturn "+"\nend\n';
  const including = (name: string, rest: string) =>
    script(name, `local y = 1\n${shared}${rest}`, [
      { embedded: 1, file: `${name}.lua`, line: 1 },
      { embedded: 2, file: 'include/sign.lua', line: 1, includedAt: 2 },
      { embedded: 8, file: `${name}.lua`, line: 3 },
    ]);
  const positive = including('positive', 'return sign(y)');
  const negative = including('negative', 'return sign(-y)');
  const coverage = new LuaCoverage([positive, negative]);
  const { call } = await loadScripts(redis, coverage.scripts);

  expect(await call('positive', {})).toBe('+');
  const half = coverage.report(redisServer.log());
  expect(half.map(({ file, lines, run }) => [file, lines, run])).toEqual([
    ['include/sign.lua', 4, 3],
    ['negative.lua', 2, 0],
    ['positive.lua', 2, 2],
  ]);
  expect(half[0]?.missed).toEqual([3]);

  expect(await call('negative', {})).toBe('-');
  const whole = coverage.report(redisServer.log());
  expect(whole.map(({ lines, run }) => lines - run)).toEqual([0, 0, 0]);
});

/** Constructions where a probe could change the meaning or end up in a wrong place. */
const DELICATE = [
  'return 1, 2',
  'return',
  'return;',
  'local a = 1; local b = 2; return a + b',
  'local f = function() return {1,2} end\nlocal r = (f)()\nreturn r',
  'local t = {}\n;(function() t[1] = 1 end)()\nreturn t',
  'local x = false\nif x then return 1 elseif (x or not x) and (1 == 1) then return 2 end',
  'if false then return 1 elseif -1 == 1 then return 2 elseif not nil == true then return 3 end',
  'if false then return 1 elseif nil or false then return 2 else return 3 end',
  'local n = 0 repeat local done = n > 2 n = n + 1 until (done) return n',
  'local n = 0\nrepeat\n  local m = n\n  n = n + 1\n  if m == 1 then break end\nuntil n > 5 and m > 5\nreturn n',
  'local s = [[\nreturn "no code"\n]] return s',
  'local s = "elseif x then" -- return "a comment"\n--[[ if true then\n return 5 ]] return s',
  'local function fact(n) if n < 2 then return 1 end return n * fact(n - 1) end return fact(5)',
  'local t = { f = function(...) return select("#", ...) end, [1] = (function() return 7 end)() }\nreturn { t.f(1, nil, 3), t[1] }',
  'for i = 1, 3 do if i == 2 then return i end end',
  'for _, v in ipairs({ 1, 2, 3 }) do if v == 2 then break end end return "done"',
  'while true do do break end end return "out"',
  'local o = { v = 4 } function o:get() return self.v end function o.add(a, b)\nreturn a + b\nend\nreturn o:get() + o.add(1, 2)',
  'local s = "\xff\xfe\\n\\255" return s .. #s',
  'return redis.call("SET", "k",\n  "v",\n  "EX", 10)',
  'local a\r\na = 1\r\nreturn a\r\n',
  'redis.call "PING" return redis.call("ECHO", [==[x]]y]==])',
  'return { redis.pcall("NO SUCH"), 1 }',
];

test.each(DELICATE)('replies as without probes: %j', async (text) => {
  const plain = script('plain', text);
  await loadScripts(redis, [plain]);
  const probed = instrument(plain).script;
  await loadScripts(redis, [probed]);
  const run = async (sha1: string) => decodeReply(await evalsha(redis, sha1, [], []));
  const answer = (reply: Promise<unknown>) => reply.catch((error: Error) => error.message);
  const [expected, actual] = [await answer(run(plain.sha1)), await answer(run(probed.sha1))];
  expect(actual).toEqual(expected);
});

test('errors name the same lines', async () => {
  const plain = script('failing', 'local t\nif true then\n  local x = t.field return x\nend');
  const probed = instrument(plain).script;
  await loadScripts(redis, [plain, probed]);
  const message = (sha1: string) =>
    evalsha(redis, sha1, [], []).catch((error: Error) => error.message.replaceAll(sha1, 'SHA'));
  expect(await message(probed.sha1)).toBe(await message(plain.sha1));
  expect(await message(probed.sha1)).toContain('user_script:3:');
});

test('refuses what is not Lua', () => {
  expect(() => instrument(script('broken', 'if then'))).toThrow(SyntaxError);
});
