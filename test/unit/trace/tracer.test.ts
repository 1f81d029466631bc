/** What is shown for what MONITOR sends. Nchan's lines are real ones. */
import { describe, expect, it } from 'vitest';
import type { TraceFilter } from '../../../cli/trace/filter.ts';
import { knownScripts } from '../../../cli/trace/known-scripts.ts';
import { NCHAN_SCRIPTS } from '../../../cli/trace/nchan-scripts.ts';
import { Tracer } from '../../../cli/trace/tracer.ts';
import { sampleScript } from '../../support/scripts.ts';

const publish = sampleScript({
  name: 'publish',
  source: 'return 1',
  keys: ['channel', 'messages'],
  args: ['data', 'ttl'],
});
const UNKNOWN = '0123456789abcdef0123456789abcdef01234567';
const TIME = '1795266149.495111';
const CLIENT = '[0 127.0.0.1:40094]';
/** 1795266149 s. */
const HEAD = '13:02:29.495111 127.0.0.1:40094';
const INNER = ' '.repeat(18);

interface Options {
  filter?: TraceFilter;
  colour?: boolean;
  full?: boolean;
}

/** The trace of some commands, each `[source] "word" …` as MONITOR has them after the time. */
function traceOf(
  commands: readonly string[],
  { filter = {}, colour = false, full = false }: Options = {},
): string[] {
  const tracer = new Tracer(knownScripts([publish]), filter, { colour, full });
  return commands
    .map((command) => tracer.push(`${TIME} ${command}`)?.text)
    .filter((text) => text !== undefined)
    .map((text) => text.replace(/\n$/, ''));
}

function evalsha(sha1: string, ...rest: string[]): string {
  return `${CLIENT} "EVALSHA" "${sha1}" ${rest.map((word) => `"${word}"`).join(' ')}`;
}

const OURS = evalsha(publish.sha1, '2', '{channel:test/a}', '{channel:test/a}:messages', 'hello', '3600');
const NCHANS = evalsha(
  '24643f71942769759df94b4ddfea15925612f595',
  '0',
  '',
  'test/b',
  '-',
  '489787',
  '60000',
  '1795245995',
  '1',
);

describe('a trace', () => {
  it('shows a script by its name, with its arguments by theirs', () => {
    expect(traceOf([OURS])).toEqual([
      `${HEAD} publish channel={channel:test/a} messages={channel:test/a}:messages data="hello" ttl=3600`,
    ]);
  });

  it('finds a script whose hash is written in capitals', () => {
    expect(traceOf([evalsha(publish.sha1.toUpperCase(), '0')])).toEqual([`${HEAD} publish`]);
  });

  it('numbers the arguments that have no name', () => {
    expect(traceOf([evalsha(publish.sha1, '0', 'hello', '1', 'x')])).toEqual([
      `${HEAD} publish data="hello" ttl=1 ARGV[3]="x"`,
    ]);
  });

  it("shows Nchan's scripts as Nchan's", () => {
    expect(traceOf([NCHANS])).toEqual([
      `${HEAD} Nchan:subscriber_register ns="" id="test/b" subscriber_id="-" ttl_ms=489787 margin_ms=60000 time=1795245995 ARGV[7]=1`,
    ]);
  });

  it("knows every hash of Nchan's", () => {
    const hashes = NCHAN_SCRIPTS.flatMap(({ sha1s }) => sha1s);
    expect(new Set(hashes).size).toBe(14);
    for (const sha1 of hashes) expect(sha1).toMatch(/^[0-9a-f]{40}$/);
  });

  it('shows the hash of a script that nobody knows', () => {
    expect(traceOf([evalsha(UNKNOWN, '1', 'k', 'a b')])).toEqual([
      `${HEAD} unknown script ${UNKNOWN} KEYS[1]=k ARGV[1]="a b"`,
    ]);
  });

  it.each([
    ['"EVAL" "return 1" "0"', 'publish'],
    ['"eval_ro" "return 2" "1" "k"', 'eval_ro "return 2" KEYS[1]=k'],
    ['"FCALL" "f" "0" "x"', 'FCALL f ARGV[1]="x"'],
    [`"EVALSHA_RO" "${publish.sha1}" "0"`, 'publish'],
    [`"EVALSHA" "${publish.sha1}" "x"`, `EVALSHA ${publish.sha1} x`],
    [`"EVALSHA" "${publish.sha1}" "2" "k"`, `EVALSHA ${publish.sha1} 2 k`],
    ['"EVALSHA"', 'EVALSHA'],
    ['"SCRIPT" "LOAD" "return 1"', 'SCRIPT LOAD publish'],
    [
      `"SCRIPT" "EXISTS" "${publish.sha1}" "fb9c46d33b3798a11d4eca6e0f7a3f92beba8685" "${UNKNOWN}"`,
      `SCRIPT EXISTS publish Nchan:get_message ${UNKNOWN}`,
    ],
    ['"SCRIPT" "FLUSH"', 'SCRIPT FLUSH'],
    ['"HSET" "{channel:a}" "time" "a b"', 'HSET {channel:a} time "a b"'],
  ])('shows %s as %s', (command, text) => {
    expect(traceOf([`${CLIENT} ${command}`])).toEqual([`${HEAD} ${text}`]);
  });

  it.each([
    ['"AUTH" "bob" "sekret"', 'AUTH (redacted) (redacted)'],
    ['"HELLO" "3" "AUTH" "bob" "sekret" "SETNAME" "x"', 'HELLO 3 AUTH (redacted) (redacted) SETNAME x'],
    ['"MIGRATE" "h" "1" "k" "0" "9" "AUTH" "sekret" "KEYS" "k"', 'MIGRATE h 1 k 0 9 AUTH (redacted) KEYS k'],
  ])('never shows a password: %s', (command, text) => {
    expect(traceOf([`${CLIENT} ${command}`])).toEqual([`${HEAD} ${text}`]);
  });

  it('indents the commands of a script under it', () => {
    const commands = [OURS, '[0 lua] "TIME"', '[0 lua] "lindex" "{channel:test/a}:messages" "-1"'];
    const [, ...inner] = traceOf([...commands, `${CLIENT} "PING"`]);
    expect(inner).toEqual([`${INNER}TIME`, `${INNER}lindex {channel:test/a}:messages -1`, `${HEAD} PING`]);
  });

  it('names database and socket of the client', () => {
    expect(traceOf(['[2 unix:/run/redis.sock] "PING"', '[0 [::1]:99] "PING"'])).toEqual([
      '13:02:29.495111 unix db2 PING',
      '13:02:29.495111 [::1]:99 PING',
    ]);
  });

  it('cuts long values and long commands, unless all is wanted', () => {
    const long = `${CLIENT} "SET" "k" "${'x'.repeat(100)}"`;
    expect(traceOf([long])).toEqual([`${HEAD} SET k "${'x'.repeat(80)}…"(100 bytes)`]);
    expect(traceOf([long], { full: true })).toEqual([`${HEAD} SET k ${'x'.repeat(100)}`]);
    const many = `${CLIENT} "DEL" ${'"k" '.repeat(50).trim()}`;
    expect(traceOf([many])).toEqual([`${HEAD} DEL${' k'.repeat(40)} … 10 more arguments`]);
    expect(traceOf([many], { full: true })).toEqual([`${HEAD} DEL${' k'.repeat(50)}`]);
  });

  it('has colours when wanted, and the same text', () => {
    const commands = [OURS, '[0 lua] "TIME"', NCHANS, evalsha(UNKNOWN, '0'), `${CLIENT} "PING"`];
    const coloured = traceOf(commands, { colour: true });
    expect(coloured.every((line) => line.includes('\x1b['))).toBe(true);
    expect(coloured.map((line) => line.replaceAll(/\x1b\[[\d;]*m/g, ''))).toEqual(traceOf(commands));
    expect(traceOf(commands).join('')).not.toContain('\x1b');
  });

  it('shows a line that it cannot read as it came, harmlessly', () => {
    const tracer = new Tracer(knownScripts([]), {}, { colour: false, full: false });
    expect(tracer.push('new \x1b[31m')?.text).toBe('"new \\x1b[31m"\n');
  });
});

describe('a trace of one channel', () => {
  const GET = evalsha('304efcd42590f99e0016686572530defd3de1383', '1', 'ns:{channel:test/a}:msg:17:0');
  const cases: readonly [string, TraceFilter, readonly string[], number][] = [
    ['has the scripts called on it by key', { channel: 'test/a' }, [OURS, NCHANS, OURS], 2],
    ["has Nchan's scripts called on it by argument", { channel: 'test/b' }, [OURS, NCHANS, OURS], 1],
    ['has plain commands on its keys', { channel: 'a' }, [`${CLIENT} "PUBLISH" "{channel:a}:pubsub" "x"`], 1],
    ['has no other commands', { channel: 'a' }, [`${CLIENT} "PING"`, `${CLIENT} "GET" "a"`], 0],
    [
      'has scripts that nobody knows, called with its name',
      { channel: 'c' },
      [evalsha(UNKNOWN, '0', 'c')],
      1,
    ],
    ['is not led astray by messages', { channel: 'c' }, [evalsha(publish.sha1, '1', 'k', '{channel:c}')], 0],
    [
      "has what Nchan's workers send when they end",
      { channel: 'test/q' },
      [evalsha('f3b5cc02b9902e94db37949cf0eba6b3fb30376f', '0', 'test/q', '-2')],
      1,
    ],
    ['has a brace in its name', { channel: 'a}b' }, [`${CLIENT} "DEL" "{channel:a\\x19b}"`], 1],
    [
      "has a brace in its name, and is called by Nchan's scripts",
      { channel: 'a}b' },
      [
        evalsha('fb9c46d33b3798a11d4eca6e0f7a3f92beba8685', '0', '', 'a\\x19b', '0', '0', 'FILO', '0'),
        evalsha(UNKNOWN, '0', 'a\\x19b'),
      ],
      2,
    ],
    ['is of one namespace', { channel: 'test/a', namespace: 'ns:' }, [OURS, GET], 1],
    ['is of all namespaces, otherwise', { channel: 'test/a' }, [OURS, GET], 2],
    ['may be of a whole namespace', { namespace: 'ns:' }, [OURS, GET, NCHANS, `${CLIENT} "PING"`], 1],
    ['may be of a database', { db: 1 }, [OURS, '[1 127.0.0.1:1] "PING"'], 1],
  ];
  it.each(cases)('%s', (_, filter, commands, count) => {
    expect(traceOf(commands, { filter })).toHaveLength(count);
  });

  it('has the commands that its scripts run, and no others', () => {
    const commands = ['[0 lua] "EARLIER"', OURS, '[0 lua] "OURS"', NCHANS, '[0 lua] "THEIRS"'];
    const lines = traceOf(commands, { filter: { channel: 'test/a' } });
    expect(lines.map((line) => line.trim().split(' ').at(-1))).toEqual(['ttl=3600', 'OURS']);
  });
});
