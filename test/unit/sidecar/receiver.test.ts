import { constants, createDeflateRaw, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { negotiateDeflate } from '../../../sidecar/websocket/permessage-deflate.ts';
import { closeCodeFor, createReceiver } from '../../../sidecar/websocket/receiver.ts';

const MEBIBYTE = 1024 * 1024;
const deflate = (data: Buffer) =>
  deflateRawSync(data, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);

/** Messages of a client that keeps its window from one to the next. */
async function deflateInOneStream(messages: Buffer[]): Promise<Buffer[]> {
  const stream = createDeflateRaw();
  const parts: Buffer[] = [];
  stream.on('data', (part: Buffer) => parts.push(part));
  const deflated: Buffer[] = [];
  for (const message of messages) {
    stream.write(message);
    await new Promise<void>((resolve) => stream.flush(constants.Z_SYNC_FLUSH, resolve));
    deflated.push(Buffer.concat(parts.splice(0)).subarray(0, -4));
  }
  return deflated;
}

/** A client frame with a mask of zeros. */
function frame(first: number, data: Buffer): Buffer {
  const head = Buffer.alloc(14);
  head[0] = first;
  head[1] = 0xff;
  head.writeBigUInt64BE(BigInt(data.length), 2);
  return Buffer.concat([head, data]);
}

interface Options {
  offer?: string;
  maxMessageBytes?: number;
  beforeInflating?: (goOn: () => void) => void;
}

/** Parses frames; what came of them. */
async function receive(frames: Buffer[], options: Options = {}) {
  const { offer = 'permessage-deflate', maxMessageBytes = MEBIBYTE } = options;
  const receiver = createReceiver({
    maxMessageBytes,
    deflate: negotiateDeflate(offer, 10),
    beforeInflating: options.beforeInflating ?? ((goOn) => goOn()),
  });
  const messages: Buffer[] = [];
  receiver.on('message', (data) => void messages.push(data));
  const code = await new Promise<number | undefined>((resolve) => {
    receiver.on('error', (error) => resolve(closeCodeFor(error)));
    receiver.on('finish', () => resolve(undefined));
    for (const bytes of frames) receiver.write(bytes);
    receiver.end();
  });
  return { messages, code };
}

describe('compressed messages of a client', () => {
  const text = Buffer.from('hello '.repeat(1000));

  it('are inflated, whole or in fragments', async () => {
    const data = deflate(text);
    const whole = frame(0xc1, data);
    const fragments = [frame(0x41, data.subarray(0, 5)), frame(0x80, data.subarray(5))];
    const { messages, code } = await receive([whole, ...fragments, frame(0x81, Buffer.from('plain'))]);
    expect(messages.map(String)).toEqual([text.toString(), text.toString(), 'plain']);
    expect(code).toBeUndefined();
  });

  it('may refer to earlier ones unless it was agreed that they do not', async () => {
    const [first, again] = await deflateInOneStream([text, text]);
    const frames = [frame(0xc1, first as Buffer), frame(0xc1, again as Buffer)];
    expect(again?.length).toBeLessThan(deflate(text).length);
    const { messages } = await receive(frames);
    expect(messages.map(String)).toEqual([text.toString(), text.toString()]);
    const resetting = 'permessage-deflate; client_no_context_takeover';
    expect(await receive(frames, { offer: resetting })).toMatchObject({ messages: [text], code: 1007 });
  });

  it('are refused where compression was not agreed on', async () => {
    expect(await receive([frame(0xc1, deflate(text))], { offer: '' })).toEqual({ messages: [], code: 1002 });
  });

  it('are refused with 1007 when they cannot be inflated', async () => {
    expect((await receive([frame(0xc1, Buffer.from([0xff, 0xff, 0xff]))])).code).toBe(1007);
    expect((await receive([frame(0xc1, deflate(Buffer.from([0xc3, 0x28])))])).code).toBe(1007);
  });

  it('are refused with 1009 when they are too large inflated, without being inflated', async () => {
    const bomb = deflate(Buffer.alloc(256 * MEBIBYTE));
    expect(bomb.length).toBeLessThan(MEBIBYTE);
    const before = process.memoryUsage();
    let peak = 0;
    const watch = setInterval(() => {
      const now = process.memoryUsage();
      peak = Math.max(peak, now.arrayBuffers - before.arrayBuffers);
    }, 1);
    const { messages, code } = await receive([frame(0xc1, bomb)]);
    clearInterval(watch);
    expect({ messages, code }).toEqual({ messages: [], code: 1009 });
    expect(peak).toBeLessThan(16 * MEBIBYTE);
  });

  it('are refused with 1009 when their fragments are too large together', async () => {
    const half = Buffer.alloc(600);
    const data = deflateRawSync(half, { finishFlush: constants.Z_SYNC_FLUSH });
    const { code } = await receive([frame(0x42, data), frame(0x80, deflate(half))], {
      maxMessageBytes: 1000,
    });
    expect(code).toBe(1009);
  });

  it('do not matter to what follows an error behind them, not even more of it', async () => {
    const badClose = frame(0x88, Buffer.from([0, 1]));
    badClose[1] = 0x82;
    const short = Buffer.concat([badClose.subarray(0, 2), badClose.subarray(10)]);
    const { messages, code } = await receive([
      frame(0xc1, deflate(text)),
      short,
      frame(0x81, Buffer.from('after')),
      frame(0x81, Buffer.from('after')),
    ]);
    expect({ messages: messages.length, code }).toEqual({ messages: 1, code: 1002 });
  });

  it('wait, and what follows them, until they are wanted', async () => {
    const held: (() => void)[] = [];
    const done = receive([frame(0xc1, deflate(text)), frame(0x81, Buffer.from('after'))], {
      beforeInflating: (goOn) => void held.push(goOn),
    });
    expect(held).toHaveLength(1);
    held[0]?.();
    expect((await done).messages.map(String)).toEqual([text.toString(), 'after']);
  });
});
