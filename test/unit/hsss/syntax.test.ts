import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLua } from '../../../lua/hsss/syntax.ts';
import { problemsOf } from './files.ts';
import { CORPUS } from './luac-corpus.ts';

/** What Lua's own compiler says; undefined when it takes the source. */
function luac(text: string): string | undefined {
  const { status, stderr, error } = spawnSync('luac5.1', ['-p', '-'], { input: Buffer.from(text, 'latin1') });
  if (error) throw error;
  return status === 0 ? undefined : stderr.toString('latin1');
}

/** What hsss says. */
function hsss(text: string): string | undefined {
  const result = parseLua(text);
  return 'chunk' in result ? undefined : `${result.line}: ${result.message}`;
}

/** Both verdicts, to be compared in one look. */
function expectAgreement(text: string): void {
  const [ours, theirs] = [hsss(text), luac(text)];
  expect({ text, refused: ours !== undefined, ours }).toEqual({ text, refused: theirs !== undefined, ours });
}

describe('the syntax check agrees with luac5.1 on', () => {
  it.each(Object.entries(CORPUS))('%s', (_about, sources) => {
    for (const source of sources) expectAgreement(source);
    // A corpus that is all of one kind proves nothing.
    expect(new Set(sources.map((source) => hsss(source) === undefined))).toEqual(new Set([true, false]));
  });

  it('sources put together and broken at random', () => {
    const sources = Object.values(CORPUS)
      .flat()
      .filter((source) => source.length < 80);
    const words = [...new Set(sources.flatMap((source) => source.match(/\w+|[^\w\s]+|\s+/g) ?? []))];
    const part = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...sources.filter((source) => hsss(source) === undefined)) },
      { weight: 1, arbitrary: fc.constantFrom(...words) },
    );
    const cut = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(3), put: part });
    const broken = fc
      .tuple(
        fc.array(part, { minLength: 1, maxLength: 4 }),
        fc.constantFrom(' ', '\n', ';\n'),
        fc.array(cut, { maxLength: 2 }),
      )
      .map(([parts, separator, cuts]) =>
        cuts.reduce((text, { at, length, put }) => {
          const from = Math.floor(at * text.length);
          return text.slice(0, from) + put + text.slice(from + length);
        }, parts.join(separator)),
      )
      // A number with a NUL in it is one for Lua, by an oversight; a file that begins with an escape is compiled Lua.
      .filter((text) => !text.includes('\0') && !text.startsWith('\x1b'));
    fc.assert(fc.property(broken, expectAgreement), { numRuns: 250 });
  });
});

describe('a syntax error', () => {
  it.each([
    ['if x then\n', "a.lua:2: 'end' expected near '<eof>'"],
    ['return 1\nreturn 2\n', "a.lua:2: unexpected symbol near 'return'"],
    ['\n\nx = = 1', "a.lua:3: <expression> expected near '='"],
    ['x = 1 @', "a.lua:1: unexpected symbol near '@'"],
    ['f()\n()', "a.lua:2: ambiguous syntax (function call x new statement) near '('"],
    ['return "a\n', `a.lua:1: unfinished string near '"a'`],
    ['return 1\n--[[\n\n', 'a.lua:2: unfinished long comment, it begins here'],
    [
      '\xef\xbb\xbfreturn 1',
      "a.lua:1: unexpected symbol near '\\239' (a byte order mark: save the file without it)",
    ],
    ['\x7fELF\x01\0', "a.lua:1: unexpected symbol near '\\127' (is it a binary file?)"],
    ['x = 1\rif', "a.lua:2: <expression> expected near '<eof>'"],
    ['x = = @', "a.lua:1: <expression> expected near '='"],
  ])('in %j is reported with its line', (text, problem) => {
    expect(problemsOf({ 'a.lua': text })).toEqual([problem]);
  });

  it('in an include is reported there', () => {
    const files = {
      'a.lua': 'local x = 1\n--- @include "b"\nreturn x',
      'include/b.lua': 'local y = 1\nlocal = 2\n',
    };
    expect(problemsOf(files)).toEqual(["include/b.lua:2: <name> expected near '='"]);
  });

  it('after left-out lines is reported where it is in the file', () => {
    const files = {
      'a.lua': 'f() --- @debug\n--- @include "b"\nreturn (',
      'include/b.lua': '\n\n\nlocal y = 1\n',
    };
    expect(problemsOf(files)).toEqual(["a.lua:3: <expression> expected near '<eof>'"]);
  });

  it('is not looked for without parse', () => {
    expect(problemsOf({ 'a.lua': 'if' }, { parse: false })).toEqual([]);
  });
});
