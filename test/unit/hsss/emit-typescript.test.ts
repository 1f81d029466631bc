import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { embed } from '../../../lua/hsss/embed.ts';
import { emitTypeScript } from '../../../lua/hsss/emit-typescript.ts';
import type { Script } from '../../../lua/hsss/script.ts';
import { defaultSettings } from '../../../lua/hsss/settings.ts';
import { type Files, splinterFiles } from './files.ts';
import { load, scriptsOf, typeErrors } from './modules.ts';
import { NASTY } from './nasty.ts';
import { EXAMPLE, outputOf } from './running.ts';

/** A pair of scripts with everything that a script can have. */
const FILES: Files = {
  'publish.lua': `-- Publishes a message. */ \${x}
-- KEYS[1] channel  key of the channel's head
-- ARGV[1] data     the message, "bytes"
-- ARGV[2] ttl_s
--- @include "channel"
return touch(KEYS[1], ARGV[1], ARGV[2])
`,
  'ping.lua': "return 'PONG'\n",
  'include/channel.lua': 'local function touch(...)\n  return ...\nend\n',
};

const nastyFiles = Object.fromEntries(Object.entries(NASTY).map(([name, text]) => [`${name}.lua`, text]));

describe('a TypeScript module', () => {
  it('has everything about each script', async () => {
    const [publish, ping] = splinterFiles(FILES) as [Script, Script];
    const scripts = await scriptsOf(outputOf([], FILES));
    expect(scripts).toEqual({ publish, ping });
    expect(publish.keys).toEqual([{ name: 'channel', description: "key of the channel's head" }]);
    expect(publish.lines).toHaveLength(3);
  });

  it('counts its scripts, joins their hashes and goes through them', async () => {
    const module = await load(outputOf([], FILES));
    const scripts = splinterFiles(FILES);
    expect(module.count).toBe(2);
    expect(module.allHashes).toBe(scripts.map(({ sha1 }) => sha1).join(' '));
    expect([...(module.each as () => Iterable<Script>)()]).toEqual(scripts);
  });

  it('says the same in the split format', async () => {
    const module = await load(outputOf(['--format', 'split'], FILES));
    const scripts = splinterFiles(FILES);
    const column = (field: keyof Script) =>
      Object.fromEntries(scripts.map((script) => [script.name, script[field]]));
    expect(module).toMatchObject({
      names: column('name'),
      hashes: column('sha1'),
      scripts: column('source'),
      keys: column('keys'),
      args: column('args'),
      lines: column('lines'),
      comments: column('comment'),
      count: 2,
    });
    expect([...(module.each as () => Iterable<Script>)()]).toEqual(scripts);
  });

  it('can be read: a line of Lua is a line of TypeScript, under the comment of its script', () => {
    const text = outputOf([], FILES);
    expect(text).toContain(`
  /**
   * Publishes a message. *\\/ \${x}
   * KEYS[1] channel  key of the channel's head
   * ARGV[1] data     the message, "bytes"
   * ARGV[2] ttl_s
   */
  publish: {
    name: 'publish',
    sha1: '${splinterFiles(FILES)[0]?.sha1}',
    source: bytes('utf8', [
      '-- Publishes a message. */ \${x}\\n',
      "-- KEYS[1] channel  key of the channel's head\\n",
      '-- ARGV[1] data     the message, "bytes"\\n',
      '-- ARGV[2] ttl_s\\n',
      'local function touch(...)\\n',
      '  return ...\\n',
      'end\\n',
      'return touch(KEYS[1], ARGV[1], ARGV[2])\\n',
    ]),
    keys: [
      { name: 'channel', description: "key of the channel's head" },
    ],
`);
    expect(text).toContain(`    lines: [
      { embedded: 1, file: 'publish.lua', line: 1 },
      { embedded: 5, file: 'include/channel.lua', line: 1, includedAt: 5 },
      { embedded: 8, file: 'publish.lua', line: 6 },
    ],
`);
  });

  it('shows letters of every script as they are, and escapes what cannot be seen', () => {
    const text = outputOf([], { 'a.lua': nastyFiles['utf8.lua'] as string });
    expect(text).toContain(`'return "é € 😀"\\n',`);
    const bytes = outputOf(['--no-parse'], nastyFiles);
    expect(bytes).not.toMatch(/[^\n\P{C}]|[\u2028\u2029\u00a0]/u);
  });

  it.each(['whole', 'split'])('is typed, in the %s format', (format) => {
    const module = outputOf(['--format', format], FILES);
    const path = format === 'whole' ? 'scripts.publish.args[1].name' : 'args.publish[1].name';
    const use = (name: string) => `import * as lua from './scripts.ts';
const name: '${name}' = lua.${path};
const all: lua.Script[] = [...lua.each()];
console.log(name, all, lua.scripts.ping);
`;
    expect(typeErrors({ 'scripts.ts': module, 'use.ts': use('ttl_s') })).toBe('');
    expect(typeErrors({ 'scripts.ts': module, 'use.ts': use('ttl') })).toMatch(/use\.ts.*TS2322/);
  });

  it('may have no scripts', async () => {
    const text = embed([]);
    expect(await scriptsOf(text)).toEqual({});
    expect(typeErrors({ 'scripts.ts': text })).toBe('');
  });

  it('is what embed makes for builds', () => {
    const settings = defaultSettings('ts');
    expect(emitTypeScript(splinterFiles(EXAMPLE, { lint: false }), settings)).toBe(
      outputOf(['--no-lint'], EXAMPLE),
    );
  });
});

describe('an option changes a TypeScript module', () => {
  it.each([
    [['--struct', 'All'], 'export type All = typeof scripts;'],
    [['--row-struct', 'One'], 'export interface One {'],
    [['--scripts', 'lua'], 'export const lua = {'],
    [['--format', 'split', '--hashes', 'sums'], 'export const sums = {'],
    [['--format', 'split', '--names', 'called'], 'export const called = {'],
    [['--count', 'howMany'], 'export const howMany = 2;'],
    [['--all-hashes-string', 'sums'], 'export const sums = '],
    [['--each-macro', 'allOf'], 'export function* allOf(): Generator<Script> {'],
    [['--prefix', 'redis_'], 'export const redis_scripts = {'],
    [['--prefix', 'redis_', '--format', 'split'], 'export const redis_keys = {'],
  ])('%j', async (options, expected) => {
    const text = outputOf([...options, '--no-lint']);
    expect(text).toContain(expected);
    expect(Object.keys(await load(text)).length).toBeGreaterThan(3);
  });

  it.each([
    ['--no-count', 'count'],
    ['--no-all-hashes-string', 'allHashes'],
    ['--no-each', 'each'],
  ])('%s', async (option, name) => {
    expect(await load(outputOf(['--no-lint']))).toHaveProperty(name);
    expect(await load(outputOf([option, '--no-lint']))).not.toHaveProperty(name);
  });
});

describe('a script in TypeScript', () => {
  it('keeps its bytes, whatever they are', async () => {
    const scripts = await scriptsOf(outputOf(['--no-lint'], nastyFiles));
    const texts = Object.entries(scripts).map(([name, { source }]) => [name, source.toString('latin1')]);
    expect(Object.fromEntries(texts)).toEqual(NASTY);
    for (const { sha1, source } of Object.values(scripts)) {
      expect(createHash('sha1').update(source).digest('hex')).toBe(sha1);
    }
  });

  it('may have any name', async () => {
    const names = ['get-message', '1', 'class', '__proto__', 'constructor', "it's", 'é'];
    const files = Object.fromEntries(names.map((name) => [`${name}.lua`, `return ${JSON.stringify(name)}`]));
    const text = outputOf([], files);
    const scripts = await scriptsOf(text);
    expect(Object.keys(scripts).sort()).toEqual([...names].sort());
    expect(Object.values(scripts).every(({ name }) => names.includes(name))).toBe(true);
    expect(typeErrors({ 'scripts.ts': text })).toBe('');
  });

  it('evaluates to the same bytes for any bytes in its strings and comments', async () => {
    const byte = fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          ...'\\\'"`${}*/\r\n\0?'.split(''),
          '\xe2\x80\xa8',
          '\xc3\xa9',
          '\\u',
          '\\x',
          '*/',
        ),
      },
    );
    const bytes = fc.array(byte, { maxLength: 60 }).map((all) => all.join(''));
    const source = fc
      .record({ head: bytes, long: bytes, short: bytes, end: bytes })
      .map(({ head, long, short, end }) => {
        const line = (text: string) => text.replace(/[\r\n]/g, '');
        const quoted = short.replace(/[\\"\r\n]/g, '\\$&');
        return `--x${line(head)}\nlocal a, b = [===[${long.replaceAll(']', '')}]===], "${quoted}"\nreturn a, b --x${line(end)}`;
      });
    await fc.assert(
      fc.asyncProperty(
        fc.array(source, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('whole', 'split'),
        async (sources, format) => {
          const files = Object.fromEntries(sources.map((text, i) => [`s${i}.lua`, text]));
          const module = await load(outputOf(['--format', format], files));
          const all = [...(module.each as () => Iterable<Script>)()];
          expect(all.map((script) => script.source.toString('latin1'))).toEqual(sources);
        },
      ),
      { numRuns: 40 },
    );
  });
});
