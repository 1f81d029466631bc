import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeLine, originOf } from '../../../lua/hsss/line-table.ts';
import { splinter } from '../../../lua/hsss/splinter.ts';
import { directoryOf, problemsOf, splinterFiles, splinterOne } from './files.ts';

const sha1 = (text: string) => createHash('sha1').update(text, 'latin1').digest('hex');
const NO_LINT = { lint: false };

describe('a script', () => {
  it('is its bytes, their hash and the name of its file', () => {
    const text = `return '\xff\x80\\\\" \`\${x}'\r\n-- no line end`;
    const script = splinterOne({ 'raw_bytes.lua': text });
    expect(script.name).toBe('raw_bytes');
    expect(script.source.toString('latin1')).toBe(text);
    expect(script.sha1).toBe(sha1(text));
  });

  it('has the hash that the gem printed for it', () => {
    const scripts = splinterFiles(
      {
        'delete.lua': "--deletes first key\nredis.call('del', KEYS[1])\n",
        'echo.lua': "--echoes the first argument\nredis.call('echo', ARGV[1])\n",
      },
      NO_LINT,
    );
    expect(scripts.map((script) => script.sha1)).toEqual([
      'c6929c34f10b0fe8eaba42cde275652f32904e03',
      '6f69f0ff33608589ee7063a0b39c0a5f34c6087e',
    ]);
  });

  it('comes in the order of the files', () => {
    const files = { 'b.lua': 'return 1', 'c.lua': 'return 2', 'a.lua': 'return 3' };
    expect(splinterFiles(files).map(({ name }) => name)).toEqual(['b', 'c', 'a']);
    expect(splinter([])).toEqual([]);
  });

  it('needs a name of its own', () => {
    const dir = directoryOf({ 'x/a.lua': 'return 1', 'y/a.lua': 'return 2' });
    expect(() => splinter([join(dir, 'x/a.lua'), join(dir, 'y/a.lua')])).toThrow(
      `${dir}/y/a.lua:1: there is already a script "a": ${dir}/x/a.lua`,
    );
  });

  it.each([
    ['is missing', undefined, 'a.lua:1: cannot be read: no such file or directory'],
    ['is empty', '', 'a.lua:1: the file is empty'],
    ['is blank', ' \n\t\n', 'a.lua:1: the file is empty'],
    ['is compiled', '\x1bLuaQ', 'a.lua:1: this is compiled Lua: give its source, Redis takes no other'],
    ['is for debugging only', 'x() --- @debug\n', 'a.lua:1: the script is empty without its debug lines'],
  ])('is refused when its file %s', (_what, text, problem) => {
    const dir = directoryOf(text === undefined ? {} : { 'a.lua': text });
    expect(() => splinter([join(dir, 'a.lua')])).toThrow(problem);
  });

  it('that is a directory is refused', () => {
    const dir = directoryOf({ 'a.lua/b': '' });
    expect(() => splinter([join(dir, 'a.lua')])).toThrow(/a\.lua:1: cannot be read: .*directory/);
  });

  it('is refused together with the others, so that one run shows all mistakes', () => {
    const files = { 'a.lua': '', 'b.lua': '--- @include "x"\n', 'c.lua': 'return 1', 'd.lua': '\n' };
    expect(problemsOf(files)).toEqual([
      'a.lua:1: the file is empty',
      'b.lua:1: cannot include include/x.lua: cannot be read: no such file or directory',
      'd.lua:1: the file is empty',
    ]);
  });
});

describe('the head comment', () => {
  const HEAD = `-- Publishes a message.
--   KEYS[1] channel  key of the channel's head, ns{channel:ID}
-- KEYS[2] messages
-- ARGV[1] data     the message, bytes
-- ARGV[2] ttl_s  seconds, 0: for ever \xc3\xa9
-- Reply: {1, time, tag}
return KEYS[1] .. KEYS[2] .. ARGV[1] .. ARGV[2]
-- ARGV[3] late  not at the head
`;

  it('names the arguments', () => {
    const { keys, args } = splinterOne({ 'a.lua': HEAD });
    expect(keys).toEqual([
      { name: 'channel', description: "key of the channel's head, ns{channel:ID}" },
      { name: 'messages', description: '' },
    ]);
    expect(args).toEqual([
      { name: 'data', description: 'the message, bytes' },
      { name: 'ttl_s', description: 'seconds, 0: for ever é' },
    ]);
  });

  it('is kept without its dashes', () => {
    expect(splinterOne({ 'a.lua': '--one\n-- two\n  ---- three\n--\n\n--four\nreturn 1\n' }).comment).toEqual(
      ['one', ' two', '-- three', ''],
    );
  });

  it.each([
    ['code', 'return 1 -- x\n'],
    ['a blank line', '\n-- x\nreturn 1'],
    ['a long comment', '--[[ x ]]\nreturn 1'],
    ['an include', '--- @include "x"\n-- x\nreturn 1'],
  ])('ends before %s', (_what, text) => {
    expect(splinterOne({ 'a.lua': text, 'include/x.lua': 'local _x\n' }).comment).toEqual([]);
  });

  it('may follow the line that Redis 7 reads', () => {
    const script = splinterOne({ 'a.lua': '#!lua flags=no-writes\n-- KEYS[1] a\nreturn KEYS[1]' });
    expect(script.comment).toEqual([' KEYS[1] a']);
    expect(script.keys).toEqual([{ name: 'a', description: '' }]);
  });
});

describe('a debug line', () => {
  const TEXT = `local a = 1
redis.log(redis.LOG_NOTICE, "a") --- @debug
local s = "--- @debug"
local t = [[
--- @debug
]]
return a .. s .. t
`;

  it('is left out whole, and only that', () => {
    const { source, lines } = splinterOne({ 'a.lua': TEXT });
    expect(source.toString()).toBe(TEXT.replace(/^redis\.log.*\n/m, ''));
    expect(lines).toEqual([
      { embedded: 1, file: 'a.lua', line: 1 },
      { embedded: 2, file: 'a.lua', line: 3 },
    ]);
  });

  it('stays with debug', () => {
    const { source, lines } = splinterOne({ 'a.lua': TEXT }, { debug: true });
    expect(source.toString()).toBe(TEXT);
    expect(lines).toEqual([{ embedded: 1, file: 'a.lua', line: 1 }]);
  });

  it.each([
    ['return 1 --- @debug: this', 'a.lua:1: a debug line ends with "--- @debug"'],
    ['return [[\n]] --- @debug', 'a.lua:2: a debug line cannot begin inside a string or comment'],
  ])('%j is a mistake', (text, problem) => {
    expect(problemsOf({ 'a.lua': text })).toEqual([problem]);
  });

  it('leaves no two line ends behind that Lua would take for one', () => {
    const { source, lines } = splinterOne({ 'a.lua': 'local a\nx() --- @debug\r\r\nreturn a' });
    expect(source.toString()).toBe('local a\n \r\nreturn a');
    expect(originOf(lines, 3)).toEqual({ file: 'a.lua', line: 4 });
  });
});

describe('an include', () => {
  it('is replaced by the file', () => {
    const script = splinterOne({
      'publish.lua': '-- Publishes.\n--- @include "channel"\nreturn f(1)\n',
      'include/channel.lua': '-- Channels.\nlocal function f(x)\n  return x\nend\n',
    });
    expect(script.source.toString()).toBe(
      '-- Publishes.\n-- Channels.\nlocal function f(x)\n  return x\nend\nreturn f(1)\n',
    );
    expect(script.lines).toEqual([
      { embedded: 1, file: 'publish.lua', line: 1 },
      { embedded: 2, file: 'include/channel.lua', line: 1, includedAt: 2 },
      { embedded: 6, file: 'publish.lua', line: 3 },
    ]);
  });

  it('may have includes, blanks before it, an ending and a directory', () => {
    const script = splinterOne({
      'a.lua': 'local one = 1\n  --- @include "sub/b.lua"\nreturn one + two + three\n',
      'include/sub/b.lua': 'local two = 2\n---@include "c"\n',
      'include/c.lua': 'local three = 3\n',
    });
    expect(script.source.toString()).toBe(
      'local one = 1\nlocal two = 2\nlocal three = 3\nreturn one + two + three\n',
    );
    expect(script.lines).toEqual([
      { embedded: 1, file: 'a.lua', line: 1 },
      { embedded: 2, file: 'include/sub/b.lua', line: 1, includedAt: 2 },
      { embedded: 3, file: 'include/c.lua', line: 1, includedAt: 2 },
      { embedded: 4, file: 'a.lua', line: 3 },
    ]);
  });

  it('is put in once', () => {
    const script = splinterOne({
      'a.lua': '--- @include "b"\n--- @include "c"\n--- @include "b"\nreturn B + C\n',
      'include/b.lua': '--- @include "c.lua"\nlocal B = C\n',
      'include/c.lua': 'local C = 1\n',
    });
    expect(script.source.toString()).toBe('local C = 1\nlocal B = C\nreturn B + C\n');
    expect(describeLine(script, 1)).toBe('a.lua:1 (include/c.lua:1)');
    expect(describeLine(script, 2)).toBe('a.lua:1 (include/b.lua:2)');
    expect(describeLine(script, 3)).toBe('a.lua:4');
  });

  it('without a line end does not run into the next line', () => {
    const script = splinterOne({
      'a.lua': '--- @include "b"\r\nreturn B',
      'include/b.lua': '--- @include "c"',
      'include/c.lua': 'local B = 1 -- one',
    });
    expect(script.source.toString()).toBe('local B = 1 -- one\r\nreturn B');
  });

  it('comes from the directory that is asked for', () => {
    const dir = directoryOf({ 'a.lua': '--- @include "b"\nreturn B\n', 'shared/b.lua': 'local B = 1\n' });
    const [script] = splinter([join(dir, 'a.lua')], { includeDir: join(dir, 'shared') });
    expect(describeLine(script!, 1)).toBe('a.lua:1 (shared/b.lua:1)');
  });

  it('inside a string is none', () => {
    const text = 'return [[\n--- @include "b"\n]]';
    expect(splinterOne({ 'a.lua': text }).source.toString()).toBe(text);
  });

  it.each([
    [
      'a file that is not there',
      { 'a.lua': 'local x\n--- @include "b"\n' },
      ['a.lua:2: cannot include include/b.lua: cannot be read: no such file or directory'],
    ],
    [
      'an empty file',
      { 'a.lua': '--- @include "b"\nreturn 1', 'include/b.lua': '\n' },
      ['a.lua:1: cannot include include/b.lua: the file is empty'],
    ],
    [
      'itself',
      { 'a.lua': '--- @include "b"\n', 'include/b.lua': '\n--- @include "b"\n' },
      ['include/b.lua:2: includes in a circle: include/b.lua → include/b.lua'],
    ],
    [
      'what includes it',
      {
        'a.lua': '--- @include "b"\n',
        'include/b.lua': '--- @include "c"\n',
        'include/c.lua': '--- @include "b"\n',
      },
      ['include/c.lua:1: includes in a circle: include/b.lua → include/c.lua → include/b.lua'],
    ],
    [
      'a file elsewhere',
      { 'a.lua': '--- @include "../a"\n--- @include "/etc/passwd"\n--- @include "x/../y"\n' },
      [
        'a.lua:1: "../a" does not name a file inside the include directory',
        'a.lua:2: "/etc/passwd" does not name a file inside the include directory',
        'a.lua:3: "x/../y" does not name a file inside the include directory',
      ],
    ],
    ['without quotes', { 'a.lua': '--- @include b\n' }, ['a.lua:1: write an include as --- @include "name"']],
    [
      'after code',
      { 'a.lua': 'return 1 --- @include "b"\n' },
      ['a.lua:1: an include stands on a line of its own'],
    ],
  ] as const)('of %s is a mistake', (_what, files, problems) => {
    expect(problemsOf(files)).toEqual(problems);
  });

  it('that is wrong in two scripts is reported once', () => {
    const files = {
      'a.lua': '--- @include "c"',
      'b.lua': '--- @include "c"',
      'include/c.lua': '--- @include c',
    };
    expect(problemsOf(files)).toEqual(['include/c.lua:1: write an include as --- @include "name"']);
  });
});

describe('the line table', () => {
  it.each([
    ['\n', 'LF'],
    ['\r\n', 'CRLF'],
    ['\r', 'CR'],
    ['\n\r', 'LFCR'],
  ])('counts lines as Lua does when they end with %j', (end) => {
    const script = splinterOne({
      'a.lua': ['--- @include "b"', 'local t = {', 'x, --- @debug', '}', 'return B, t', ''].join(end),
      'include/b.lua': ['', 'local B = 1', ''].join(end),
    });
    expect(script.source.toString()).toBe(
      ['', 'local B = 1', 'local t = {', '}', 'return B, t', ''].join(end),
    );
    expect([1, 2, 3, 4, 5, 6].map((line) => describeLine(script, line))).toEqual([
      'a.lua:1 (include/b.lua:1)',
      'a.lua:1 (include/b.lua:2)',
      'a.lua:2',
      'a.lua:4',
      'a.lua:5',
      'a.lua:6',
    ]);
  });

  it('names the line after the last one, where Lua reports what is missing', () => {
    const files = { 'a.lua': 'if x then\n--- @include "b"\n', 'include/b.lua': 'local B = 1\n' };
    const script = splinterOne(files, { parse: false });
    expect(describeLine(script, 3)).toBe('a.lua:3');
  });

  it('says no more than the number of a line that it does not know', () => {
    expect(describeLine({ name: 'a', lines: [] }, 7)).toBe('a.lua:7');
    expect(originOf([{ embedded: 1, file: 'a.lua', line: 1 }], 0)).toBeUndefined();
  });
});
