import { describe, expect, it } from 'vitest';
import { problemsOf, splinterOne } from './files.ts';

const HEAD = '-- KEYS[1] key\n-- ARGV[1] value\n';

const RAISED = (line: number) =>
  `a.lua:${line}: an error that is a table without a field err crashes some versions of Redis: raise a string`;

describe('lint', () => {
  it.each([
    // Globals that are read.
    ['print("x")', ['a.lua:1: Redis has no global "print"']],
    ['return os.time()', ['a.lua:1: Redis has no global "os"']],
    ['local f = function() return f() end\nreturn f', ['a.lua:1: Redis has no global "f"']],
    ['for i = 1, 2 do redis.log(i) end\nreturn i', ['a.lua:2: Redis has no global "i"']],
    ['repeat local done = true until done', []],
    ['while x do local x = 1 redis.log(x) end', ['a.lua:1: Redis has no global "x"']],
    ['local t = { x = 1 }\nreturn t.x, t:y(), t["z"]', []],
    ['local t = {}\nfunction t:f() return self end\nreturn t', []],
    ['local function f(...) return arg, ... end\nreturn f', []],
    ['local function f() return arg end\nreturn f', ['a.lua:1: Redis has no global "arg"']],
    ['return cjson.encode(_G), cmsgpack, struct.pack, bit.bor, tonumber(_VERSION)', []],
    // Globals that are written.
    ['x = 1', ['a.lua:1: "x" would become a global, which Redis forbids: make it local']],
    ['function f() end', ['a.lua:1: "f" would become a global, which Redis forbids: make it local']],
    ['KEYS = {}', ['a.lua:1: "KEYS" would become a global, which Redis forbids: make it local']],
    ['redis.x = 1', ['a.lua:1: "redis" is Redis\'s own and cannot be written to']],
    ['function string.trim() end', ['a.lua:1: "string" is Redis\'s own and cannot be written to']],
    ['_G["x"] = 1', ['a.lua:1: "_G" is Redis\'s own and cannot be written to']],
    ['ARGV.n = 1\nKEYS[#KEYS + 1] = ARGV.n', []],
    ['local redis = {}\nredis.x = 1\nreturn redis', []],
    // Locals that nothing reads.
    [
      'local a, b = 1, 2\nreturn b',
      ['a.lua:1: "a" is never read; if that is meant, let its name begin with _'],
    ],
    ['local a\na = 1', ['a.lua:1: "a" is never read; if that is meant, let its name begin with _']],
    ['local a = {}\na.x = 1', []],
    [
      'local a = 1\nlocal a = a\n',
      ['a.lua:2: "a" is never read; if that is meant, let its name begin with _'],
    ],
    [
      'local function f() return 1 end',
      ['a.lua:1: "f" is never read; if that is meant, let its name begin with _'],
    ],
    [
      'local function f() return f() end',
      ['a.lua:1: "f" is never read; if that is meant, let its name begin with _'],
    ],
    ['local function f(n) return n > 0 and f(n - 1) end\nreturn f(3)', []],
    ['for i = 1, 3 do end', ['a.lua:1: "i" is never read; if that is meant, let its name begin with _']],
    ['for _, v in ipairs(redis) do return v end', []],
    [
      'for k, v in pairs(redis) do return v end',
      ['a.lua:1: "k" is never read; if that is meant, let its name begin with _'],
    ],
    ['local _a, _ = 1, 2', []],
    ['return function(a, b) return b end', []],
    ['local a = 1\nreturn function() return a end', []],
    // Errors that are tables.
    ['error({})', [RAISED(1)]],
    ['error { code = 1, "x" }', [RAISED(1)]],
    ['local t = { message = "x" }\nerror(t, 0)', [RAISED(2)]],
    ['local t = {}\nt.x = 1\nlocal function f() error(t) end\nreturn f', [RAISED(3)]],
    ['local a, t = 1, {}\nif a then error(t) end', [RAISED(2)]],
    ['error({ err = "X y" })', []],
    ['error({ ["err"] = "X y" })', []],
    ['local k = "err"\nerror({ [k] = "X y" })', []],
    ['local t = {}\nt.err = "X y"\nerror(t)', []],
    ['local t = {}\nt["err"] = "X y"\nerror(t)', []],
    ['local t = {}\nt = redis.error_reply("X y")\nerror(t)', []],
    ['local t = {}\nlocal function f(t) error(t) end\nreturn f, t', []],
    ['error("x")\nerror(redis.error_reply("X y"))\nerror()', []],
    ['error "x"', []],
    ['local function error(t) return t end\nreturn error({})', []],
    // Arguments without a name.
    [`${HEAD}return KEYS[1] .. ARGV[1]`, []],
    [`${HEAD}return KEYS[2]`, ['a.lua:3: KEYS[2] has no name in the head comment of a.lua']],
    [`${HEAD}return ARGV[0x2]`, ['a.lua:3: ARGV[2] has no name in the head comment of a.lua']],
    [
      `${HEAD}return ARGV[0] or ARGV[1.5]`,
      [
        'a.lua:3: ARGV[0] has no name in the head comment of a.lua',
        'a.lua:3: ARGV[1.5] has no name in the head comment of a.lua',
      ],
    ],
    [`${HEAD}return ARGV[#ARGV], KEYS["1"]`, []],
    [`${HEAD}local ARGV = {}\nreturn ARGV[2]`, []],
    // The head comment itself.
    ['-- ARGV[2] b\nreturn 1', ['a.lua:1: ARGV[2] is named here, but ARGV[1] has to come first']],
    [
      '-- KEYS[1] a\n-- KEYS[1] b\nreturn 1',
      ['a.lua:2: KEYS[1] is named here, but KEYS[2] has to come first'],
    ],
    ['-- KEYS[1] a\n-- ARGV[1] a\n-- KEYS[2] a\nreturn 1', ['a.lua:3: there is already a "a" in KEYS']],
    // The first line.
    ['#!lua flags=no-writes\nreturn 1', []],
    ['#!/usr/bin/lua\nreturn 1', ['a.lua:1: Redis takes no first line with # but "#!lua" and its options']],
  ] as const)('of %j', (text, problems) => {
    expect(problemsOf({ 'a.lua': text })).toEqual(problems);
    expect(splinterOne({ 'a.lua': text }, { lint: false }).name).toBe('a');
    expect(splinterOne({ 'a.lua': text }, { parse: false }).name).toBe('a');
  });

  it('says everything at once, in reading order, with the file and line that a line comes from', () => {
    const files = {
      'a.lua': '-- KEYS[1] key\nlocal a = x\n--- @include "b"\nf() --- @debug\nreturn offered(y)\n',
      'include/b.lua':
        'local function offered() return z, KEYS[1], KEYS[2] end\nlocal function other() local w end\n',
    };
    expect(problemsOf(files)).toEqual([
      'a.lua:2: "a" is never read; if that is meant, let its name begin with _',
      'a.lua:2: Redis has no global "x"',
      'include/b.lua:1: Redis has no global "z"',
      'include/b.lua:1: KEYS[2] has no name in the head comment of a.lua',
      'include/b.lua:2: "w" is never read; if that is meant, let its name begin with _',
      'a.lua:5: Redis has no global "y"',
    ]);
  });

  it('lets an include offer more than a script takes', () => {
    const files = {
      'a.lua': '--- @include "b"\nreturn one()\n',
      'include/b.lua':
        'local function one() return 1 end\nlocal function two() return 2 end\nlocal three = 3\n',
    };
    expect(problemsOf(files)).toEqual([]);
  });

  it('but not one that stands in a block, where its functions are of no use to others', () => {
    const files = (text: string) => ({
      'a.lua': `if #KEYS == 0 then\n  --- @include "b"\n  ${text}\nend\nreturn 2\n`,
      'include/b.lua': 'local function one() return 1 end\nlocal function two() return 2 end\n',
    });
    expect(problemsOf(files('return one() + two()'))).toEqual([]);
    expect(problemsOf(files('return one()'))).toEqual([
      'include/b.lua:2: "two" is never read; if that is meant, let its name begin with _',
    ]);
  });
});
