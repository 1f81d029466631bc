import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Files } from './files.ts';
import { cOf, EXAMPLE } from './running.ts';

const golden = (name: string) => readFileSync(join(import.meta.dirname, 'golden', name), 'latin1');
const HASHES = ['c6929c34f10b0fe8eaba42cde275652f32904e03', '6f69f0ff33608589ee7063a0b39c0a5f34c6087e'];

/** The bytes of a script that C sees: its literals, put together. */
function compiled(c: string): string {
  const escapes: Record<string, string> = { n: '\n', r: '\r', '\\': '\\', '"': '"', '?': '?' };
  return [...c.matchAll(/^ {3}"((?:[^"\\]|\\.)*)"/gm)]
    .map(([, inside]) => inside as string)
    .join('')
    .replace(/\\(?:([0-7]{1,3})|(.))/g, (_all, octal?: string, letter?: string) =>
      octal ? String.fromCharCode(Number.parseInt(octal, 8)) : (escapes[letter as string] as string),
    );
}

describe('C as the gem prints it', () => {
  it.each([
    ['whole.c', []],
    ['whole.c', ['--format', 'whole']],
    ['split.c', ['--format', 'split']],
    ['header.c', ['--header-only', '--no-static', '--prefix', 'my_', '--no-count']],
    ['data.c', ['--data-only', '--format', 'split', '--no-each']],
  ])('%s with %j', (name, options) => {
    expect(cOf(options)).toBe(golden(name));
  });

  it('is sorted by name, whatever the order of the files', () => {
    const { 'delete.lua': first, 'echo.lua': second } = EXAMPLE as Record<string, string>;
    expect(cOf([], { 'echo.lua': second as string, 'delete.lua': first as string })).toBe(golden('whole.c'));
  });
});

describe('an option of the gem', () => {
  /** What changes in the golden output: each text there, and what stands in its place. */
  const CASES: readonly (readonly [string, readonly string[], readonly (readonly [string, string])[]])[] = [
    ['whole.c', ['--struct', 'all_t'], [['redis_lua_scripts_t', 'all_t']]],
    ['whole.c', ['--row-struct', 'one_t'], [['redis_lua_script_t', 'one_t']]],
    [
      'whole.c',
      ['--scripts', 'all'],
      [
        ['redis_lua_scripts =', 'all ='],
        ['&redis_lua_scripts', '&all'],
      ],
    ],
    [
      'split.c',
      ['--scripts', 'all'],
      [
        ['redis_lua_scripts =', 'all ='],
        ['&redis_lua_scripts', '&all'],
      ],
    ],
    ['split.c', ['--hashes', 'sums'], [['redis_lua_hashes', 'sums']]],
    ['split.c', ['--names', 'called'], [['redis_lua_script_names', 'called']]],
    [
      'split.c',
      ['--no-hashes'],
      [
        [`static redis_lua_scripts_t redis_lua_hashes = {\n  "${HASHES[0]}",\n  "${HASHES[1]}"\n};\n\n`, ''],
        [', script_hash)', ')'],
        [' (script_hash)=(char **)&redis_lua_hashes,', ''],
        [' (script_hash)++,', ''],
      ],
    ],
    [
      'split.c',
      ['--no-names'],
      [
        ['static redis_lua_scripts_t redis_lua_script_names = {\n  "delete",\n  "echo",\n};\n\n', ''],
        [' script_name,', ''],
        [', (script_name)=(char **)&redis_lua_script_names', ''],
        [', (script_name)++', ''],
      ],
    ],
    ['whole.c', ['--count', 'how_many'], [['redis_lua_scripts_count', 'how_many']]],
    ['whole.c', ['--no-count'], [['const int redis_lua_scripts_count=2;\n', '']]],
    ['whole.c', ['--count-macro', 'HOW_MANY'], [['REDIS_LUA_SCRIPTS_COUNT', 'HOW_MANY']]],
    ['whole.c', ['--no-count-macro'], [['#define REDIS_LUA_SCRIPTS_COUNT 2\n', '']]],
    ['whole.c', ['--all-hashes-string', 'SUMS'], [['REDIS_LUA_SCRIPTS_ALL_HASHES', 'SUMS']]],
    [
      'whole.c',
      ['--no-all-hashes-string'],
      [[`#define REDIS_LUA_SCRIPTS_ALL_HASHES "${HASHES.join(' ')}"\n`, '']],
    ],
    ['whole.c', ['--each-macro', 'ALL_OF'], [['REDIS_LUA_SCRIPTS_EACH', 'ALL_OF']]],
    ['split.c', ['--each-macro', 'ALL_OF'], [['REDIS_LUA_SCRIPTS_EACH', 'ALL_OF']]],
    ['whole.c', ['--no-static'], [['static ', '']]],
    ['split.c', ['--no-static'], [['static ', '']]],
    [
      'whole.c',
      ['--prefix', 'my_'],
      [
        ['redis_lua', 'my_lua'],
        ['REDIS_LUA', 'MY_LUA'],
      ],
    ],
    [
      'split.c',
      ['--prefix', ''],
      [
        ['redis_lua', 'lua'],
        ['REDIS_LUA', 'LUA'],
      ],
    ],
    // A prefix is for default names.
    [
      'whole.c',
      ['--prefix', 'my_', '--scripts', 'all', '--each-macro', 'ALL_OF'],
      [
        ['REDIS_LUA_SCRIPTS_EACH', 'ALL_OF'],
        ['redis_lua_scripts =', 'all ='],
        ['&redis_lua_scripts', '&all'],
        ['redis_lua', 'my_lua'],
        ['REDIS_LUA', 'MY_LUA'],
      ],
    ],
    [
      'header.c',
      ['--header-only', '--no-static', '--prefix', 'my_'],
      [['my_lua_scripts;\n', 'my_lua_scripts;\nextern const int my_lua_scripts_count;\n']],
    ],
    ['header.c', ['--header-only', '--prefix', 'my_', '--no-count'], [['extern', 'static']]],
    [
      'header.c',
      ['--header-only', '--no-static', '--prefix', 'my_', '--no-count', '--header-guard', 'MINE'],
      [
        [' LUA_SCRIPTS_H\n', ' MINE\n'],
        ['//LUA_SCRIPTS_H', '//MINE'],
      ],
    ],
    ['data.c', ['--data-only', '--format', 'split', '--no-each', '--no-static'], [['static ', '']]],
    ['data.c', ['--data-only', '--format', 'split', '--no-each', '--header-guard', 'MINE'], []],
  ];

  it.each(CASES)('%s with %j', (name, options, changes) => {
    const format = name === 'split.c' ? ['--format', 'split'] : [];
    const expected = changes.reduce((text, [from, to]) => {
      expect(text).toContain(from);
      return text.replaceAll(from, to);
    }, golden(name));
    expect(cOf([...format, ...options])).toBe(expected);
  });

  it('--no-each leaves the iterator out', () => {
    expect(cOf(['--no-each'])).toBe(golden('whole.c').replace(/#define REDIS_LUA_SCRIPTS_EACH[\s\S]*/, ''));
    expect(cOf(['--format', 'split', '--no-each'])).toBe(
      golden('split.c').replace(/#define REDIS_LUA_SCRIPTS_EACH[\s\S]*/, ''),
    );
  });

  it('--header-only and --data-only together make what is printed without them', () => {
    for (const format of ['whole', 'split']) {
      const both = cOf(['--format', format]).split('\n');
      const header = cOf(['--format', format, '--header-only']).split('\n');
      const data = cOf(['--format', format, '--data-only']).split('\n');
      expect(both.filter((line) => !header.includes(line) && !data.includes(line))).toEqual([]);
      expect(data.at(-1)).toBe('');
    }
  });

  it('--header-guard also guards an output that has both parts', () => {
    expect(cOf(['--header-guard', 'MINE'])).toBe(
      `#ifndef MINE\n#define MINE\n${golden('whole.c')}#endif //MINE\n`,
    );
  });

  it('--no-parse takes what is no Lua', () => {
    expect(() => cOf([], { 'a.lua': 'if' })).toThrow(/a\.lua:1: /);
    expect(cOf(['--no-parse'], { 'a.lua': 'if' })).toContain('"if"');
  });
});

describe('a script in C', () => {
  const SOURCES: readonly (readonly [string, string])[] = [
    ['quotes and backslashes', `return "\\"" .. '\\\\' .. '\\n"'\n`],
    ['a line without an end', 'return 1\nreturn'],
    ['empty lines', '\n\nreturn 1\n\n'],
    ['CRLF', 'local a = 1\r\nreturn a\r\n'],
    ['CR', 'local a = 1\rreturn a\r'],
    ['UTF-8', '-- \xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\nreturn 1\n'],
    ['bytes that are no UTF-8', '-- \xff\xc3 \x80\xed\xa0\x80\nreturn "\xff7"\n'],
    ['control characters before digits', 'return "\x017\x1f00\x7f1\x089"\n'],
    ['tabs', '\treturn\t1\n'],
    ['trigraphs', 'return "??=??/??\'??(??)??!??<??>??-???=???" -- ??/\n'],
    [
      'all bytes',
      `--${Array.from({ length: 255 }, (_, i) => String.fromCharCode(i + 1)).join('')}\nreturn 1`,
    ],
  ];

  it.each(SOURCES)('keeps its bytes: %s', (_what, source) => {
    const c = cOf(['--no-parse'], { 'a.lua': source });
    expect(compiled(c)).toBe(source);
    const literals = c.match(/^ {3}".*$/gm) ?? [];
    expect(literals).toHaveLength(source.split('\n').length - (source.endsWith('\n') ? 1 : 0));
    expect(literals.join('')).not.toMatch(/[\0-\x08\x0a\x0d-\x1f\x7f]|\?\?[=/'()!<>-]/);
  });

  it('is printed as the gem prints it wherever that is right', () => {
    const c = cOf([], { 'a.lua': 'return "a\\n\t\xc3\xa9?"\n' });
    expect(c).toContain('\n   "return \\"a\\\\n\t\xc3\xa9?\\"\\n"}\n');
  });

  const FIELDS: readonly (readonly [Files, string])[] = [
    [{ 'a.lua': '--one\n-- two \n--\n---three\nreturn 1\n--four' }, '  //one\n  // two \n  //\n  //-three\n'],
    [{ 'a.lua': 'return 1' }, ''],
    [{ 'a.lua': '-- \xff \xc3\xa9\nreturn 1' }, '  // \xff \xc3\xa9\n'],
    // The next line would belong to the comment.
    [{ 'a.lua': '--path C:\\\nreturn 1' }, '  //path C:\\ .\n'],
    [{ 'a.lua': '--path C:\\ \n--what??/\nreturn 1' }, '  //path C:\\  .\n  //what??/ .\n'],
    [{ 'a.lua': '--one\r\n--two\r\nreturn 1' }, '  //one\n  //two\n'],
    [{ 'a.lua': '--one\n--- @include "b"\nreturn 1', 'include/b.lua': '--two\n' }, '  //one\n'],
  ];
  it.each(FIELDS)('has its head comment over its field: %j', (files, comment) => {
    expect(cOf([], files)).toContain(`typedef struct {\n${comment}  redis_lua_script_t a;\n\n}`);
  });

  it.each([
    [{ 'a-b.lua': 'return 1' }, 'a-b.lua:1: C has no field of the name "a-b"'],
    [{ '1.lua': 'return 1' }, '1.lua:1: C has no field of the name "1"'],
    [{ 'default.lua': 'return 1' }, 'default.lua:1: C has no field of the name "default"'],
    [{ 'a.lua': '\nreturn "\0"' }, 'a.lua:2: a C string ends at the NUL byte here'],
    [
      { 'a.lua': '\n--- @include "b"\nreturn 1', 'include/b.lua': '-- b\n-- \0' },
      'include/b.lua:2: a C string ends at the NUL byte here',
    ],
  ])('is refused when C cannot hold it: %j', (files, problem) => {
    expect(() => cOf([], files)).toThrow(problem);
  });

  it('is not linted, as the gem does not, unless that is asked for', () => {
    const files = { 'a.lua': 'return nowhere' };
    expect(cOf([], files)).toContain('return nowhere');
    expect(() => cOf(['--lint'], files)).toThrow('a.lua:1: Redis has no global "nowhere"');
  });
});
