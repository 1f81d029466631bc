import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter } from '../../../cli/trace/line-splitter.ts';
import { parseMonitorLine } from '../../../cli/trace/monitor-line.ts';

/** What Redis writes for a byte, from its documentation of MONITOR and what it was seen to send. */
function redisEscapes(bytes: string): string {
  const letters: Record<string, string> = {
    '\\': '\\\\',
    '"': '\\"',
    '\n': '\\n',
    '\r': '\\r',
    '\t': '\\t',
    '\x07': '\\a',
    '\b': '\\b',
  };
  return bytes.replace(
    /[^ -~]|[\\"]/g,
    (char) => letters[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
}

function monitorLine(words: readonly string[], source = '127.0.0.1:4242'): string {
  return `1795266149.495111 [0 ${source}] ${words.map((word) => `"${redisEscapes(word)}"`).join(' ')}`;
}

describe('a line of MONITOR', () => {
  it('has time, database, client and words', () => {
    expect(parseMonitorLine('1795266149.000111 [3 127.0.0.1:40094] "GET" "a"')).toEqual({
      timeUs: 1_795_266_149_000_111,
      db: 3,
      client: '127.0.0.1:40094',
      words: ['GET', 'a'],
    });
  });

  it.each([
    ['lua', undefined],
    ['[::1]:4242', '[::1]:4242'],
    ['unix:/run/a] b.sock', 'unix:/run/a] b.sock'],
  ])('of %s is of client %s', (source, client) => {
    expect(parseMonitorLine(monitorLine(['PING'], source))).toMatchObject({ client, words: ['PING'] });
  });

  it('gives every byte of every argument', () => {
    const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array).toString('latin1'));
    const tricky = fc.constantFrom('" "', '\\', '"', '\\"', '\\\\" "', ' ', '', '"x" "y"', '\x19');
    fc.assert(
      fc.property(fc.array(fc.oneof(bytes, tricky), { minLength: 1 }), (words) => {
        expect(parseMonitorLine(monitorLine(words))?.words).toEqual(words);
      }),
    );
  });

  it('is read as far as can be when quotes are not escaped (Valkey 8.1.0 and 8.1.1)', () => {
    const line = '1.000000 [0 lua] "EVAL" "redis.call("GET","a")\\n" "0" "\\d"';
    expect(parseMonitorLine(line)?.words).toEqual(['EVAL', 'redis.call("GET","a")\n', '0', '\\d']);
  });

  it('ends with its last quote when a backslash before it is not escaped (Valkey 8.1.0 and 8.1.1)', () => {
    expect(parseMonitorLine('1.000000 [0 lua] "SET" "k" "a "b" \\"')?.words).toEqual([
      'SET',
      'k',
      'a "b" \\',
    ]);
    expect(parseMonitorLine('1.000000 [0 lua] "SET" "')?.words).toEqual(['SET', '']);
  });

  it('may have been cut', () => {
    expect(parseMonitorLine('1.000000 [0 lua] "SET" "a" "xy')?.words).toEqual(['SET', 'a', 'xy']);
  });

  it.each(['', 'OK', '1.000000 [0 lua]', '1.0 "GET"'])('is not: %s', (line) => {
    expect(parseMonitorLine(line)).toBeUndefined();
  });
});

describe('a stream of lines', () => {
  const split = (chunks: readonly string[], maxBytes = 1000): string[] => {
    const lines: string[] = [];
    const splitter = new LineSplitter(maxBytes, (line) => lines.push(line));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk, 'latin1'));
    return lines;
  };

  it('gives the same lines however it is cut into chunks', () => {
    const text = '+OK\r\n+a "\xff\x00"\r\n\r\n+b\r\n';
    fc.assert(
      fc.property(fc.array(fc.nat({ max: text.length })), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, i) => text.slice(at[i], end));
        expect(split(chunks)).toEqual(['+OK', '+a "\xff\x00"', '', '+b']);
      }),
    );
  });

  it('keeps the beginning of a line that is too long', () => {
    expect(split(['123456', '789\r\nnext\r\n'], 4)).toEqual(['1234', 'next']);
  });
});
