import { describe, expect, it } from 'vitest';
import { CommandBatch } from '../../../../sidecar/store/redis/command-batch.ts';

const BIG = Buffer.alloc(20_000, 'b');

describe('CommandBatch', () => {
  it('encodes text as UTF-8 and bytes as they are', () => {
    const batch = new CommandBatch();
    batch.add('evalsha', ['', 'é', Buffer.of(0, 0xff, 0x0d), Buffer.alloc(0), '12']);
    batch.add('ping', []);
    expect(batch.count).toBe(2);
    const expected = [
      '*6\r\n$7\r\nevalsha\r\n$0\r\n\r\n$2\r\n\xc3\xa9\r\n$3\r\n\x00\xff\r\r\n$0\r\n\r\n$2\r\n12\r\n',
      '*1\r\n$4\r\nping\r\n',
    ];
    expect(batch.take().map((piece) => piece.toString('latin1'))).toEqual([expected.join('')]);
  });

  it('is empty when it was taken', () => {
    const batch = new CommandBatch();
    batch.add('ping', []);
    batch.take();
    expect([batch.count, batch.take()]).toEqual([0, []]);
  });

  it('keeps commands that are encoded already in their place', () => {
    const batch = new CommandBatch();
    batch.add('a', []);
    batch.addEncoded('\u00e9');
    batch.addEncoded(Buffer.of(0xff));
    batch.add('b', []);
    expect(Buffer.concat(batch.take()).toString('latin1')).toBe(
      '*1\r\n$1\r\na\r\n\xc3\xa9\xff*1\r\n$1\r\nb\r\n',
    );
  });

  it.each([
    ['at the start', [BIG, 'x']],
    ['at the end', ['x', BIG]],
    ['one after the other', [BIG, BIG]],
    ['as text', [BIG.toString(), 'x']],
  ])('gives large arguments away by themselves: %s', (_name, args) => {
    const batch = new CommandBatch();
    batch.add('a', []);
    batch.add('set', args);
    batch.add('b', []);
    const encoded = args.map((arg) => `$${arg.length}\r\n${arg}\r\n`).join('');
    const pieces = batch.take();
    expect(Buffer.concat(pieces).toString('latin1')).toBe(
      `*1\r\n$1\r\na\r\n*${args.length + 1}\r\n$3\r\nset\r\n${encoded}*1\r\n$1\r\nb\r\n`,
    );
    for (const piece of pieces.filter(({ length }) => length === BIG.length)) {
      expect(args.some((arg) => typeof arg !== 'string' && arg.buffer === piece.buffer)).toBe(true);
    }
  });
});
