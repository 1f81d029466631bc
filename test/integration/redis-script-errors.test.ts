/** What a real server says about a script that fails becomes a file, a line and the reason, however it words it. */
import { describe, expect, it } from 'vitest';
import { ScriptError } from '../../lua/script-error.ts';
import { openAvailableLink, upstreamOf, urlOf } from '../support/link.ts';
import { startRedis } from '../support/redis.ts';
import { linesWithInclude, sampleScript } from '../support/scripts.ts';

interface Failure {
  readonly what: string;
  /** Stands in line 2. */
  readonly source: string;
  /** After `failing.lua:2: `. */
  readonly message: RegExp;
  /** Default: ERR. */
  readonly code?: string;
}

const FAILURES: readonly Failure[] = [
  {
    what: 'an error of Lua',
    source: 'return x.y',
    message: /^attempt to index local 'x' \(a nil value\)$/,
  },
  { what: 'error() with a string', source: "error('MYERR bad')", message: /^MYERR bad$/ },
  { what: 'error() without a place', source: "error('bad thing', 0)", message: /^bad thing$/ },
  {
    what: 'error() with a table',
    source: "error({ err = 'MYERR bad' })",
    message: /^MYERR bad$/,
    code: 'MYERR',
  },
  {
    what: 'redis.call that fails',
    source: "redis.call('LPUSH', KEYS[1], 'x')",
    message: /^WRONGTYPE Operation against a key/,
    code: 'WRONGTYPE',
  },
  {
    what: 'an unknown command',
    source: "redis.call('FROBNICATE')",
    message: /^Unknown (Redis )?command called from script$/,
  },
  {
    what: 'a command with too few arguments',
    source: "redis.call('GET')",
    message: /^Wrong number of args calling (Redis )?command from script$/,
  },
  { what: 'a write to a global variable', source: 'foo = 1', message: /^Attempt to modify a readonly table/ },
  {
    what: 'a global variable that is none',
    source: 'return foo',
    message: /^Script attempted to access nonexistent global variable 'foo'$/,
  },
];

describe('a script that fails', async () => {
  const redis = await startRedis();
  const client = await redis.connect();
  await client.set('{string}', 'x');
  const scripts = FAILURES.map(({ what, source }) =>
    sampleScript({ name: `failing ${what}`, source: `local x\n${source}` }),
  );
  const included = sampleScript({
    name: 'including',
    source: "local x\n\n\nerror('in the include')\n",
    lines: linesWithInclude('including'),
  });
  const full = sampleScript({ name: 'full', source: "local x\nreturn redis.call('SET', KEYS[1], 'y')" });
  const { link } = await openAvailableLink(upstreamOf([urlOf(redis)]), [...scripts, included, full]);
  const errorOf = async (script: (typeof scripts)[number]): Promise<ScriptError> => {
    const running = link.run(script, [Buffer.from('{string}')], [], { repeatable: false });
    const error = await running.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(ScriptError);
    return error as ScriptError;
  };

  it.each(FAILURES)('by $what is said to be at its line', async ({ what, message, code }) => {
    const script = scripts[FAILURES.findIndex((failure) => failure.what === what)]!;
    const error = await errorOf(script);
    const [, place, reason] = /^(.*?:\d+): (.*)$/.exec(error.message) as unknown as string[];
    expect(place).toBe(`${script.name}.lua:2`);
    expect(reason).toMatch(message);
    expect(error.code).toBe(code ?? 'ERR');
  });

  it('in an include is said to be there', async () => {
    expect((await errorOf(included)).message).toBe('including.lua:3 (include/channel.lua:7): in the include');
  });

  it('because the server is full is told by its code', async () => {
    await client.config('SET', 'maxmemory', 1);
    const error = await errorOf(full);
    await client.config('SET', 'maxmemory', 0);
    expect(error).toMatchObject({ code: 'OOM', message: expect.stringMatching(/^full\.lua(:2)?: OOM /) });
  });
});
