import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { wantsColour } from '../../../cli/terminal.ts';
import { TraceOutput } from '../../../cli/trace/trace-output.ts';

describe('the output of a trace', () => {
  it('leaves out lines while nobody reads, says how many, and keeps the rest in order', () => {
    const stream = new PassThrough();
    const output = new TraceOutput(stream);
    const line = (text: string, inner = false) => output.write({ text: `${text}\n`, inner });
    line('first');
    line('x'.repeat(5_000_000));
    line('lost');
    line('lost too', true);
    expect(stream.writableLength).toBeLessThan(6_000_000);
    stream.read();
    stream.read();
    line('its script is missing', true);
    line('next');
    line('last', true);
    output.end();
    const rest = String(stream.read());
    expect(rest).toBe('… 3 commands left out: whoever reads this is too slow\nnext\nlast\n');
  });
});

describe('colours', () => {
  const terminal = { isTTY: true };
  const file = {};
  it.each([
    [terminal, {}, 'auto', true],
    [terminal, {}, undefined, true],
    [file, {}, 'auto', false],
    [terminal, { NO_COLOR: '1' }, 'auto', false],
    [terminal, { NO_COLOR: '' }, 'auto', true],
    [terminal, { TERM: 'dumb' }, 'auto', false],
    [terminal, { NO_COLOR: '1' }, 'always', true],
    [file, {}, 'always', true],
    [terminal, {}, 'never', false],
  ] as const)('for %j with %j and --color %s: %s', (stream, env, mode, expected) => {
    expect(wantsColour(stream, env, mode)).toBe(expected);
  });
});
