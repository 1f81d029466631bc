import { randomBytes } from 'node:crypto';
import { constants, createInflateRaw, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import { type Delivery, dataBytes } from '../../../sidecar/store/message.ts';
import { type DeflateSettings, deflateMessage } from '../../../sidecar/websocket/deflate.ts';
import { storedBlocks, webSocketFormat } from '../../../sidecar/websocket/formats.ts';
import { deliveryOf } from '../../support/deliveries.ts';

const TRAILER = Buffer.from([0, 0, 0xff, 0xff]);
const settings = (changed: Partial<DeflateSettings> = {}): DeflateSettings => ({
  ...DEFAULT_SETTINGS,
  ...changed,
});
const SMALL = Buffer.from(JSON.stringify(Array.from({ length: 50 }, (_, i) => ({ id: i, name: 'x' }))));
const LARGE = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => ({ id: i, name: 'x' }))));

/** Inflates one message's data as RFC 7692 §7.2.2 says. */
const inflate = (data: Buffer, windowBits = 15): Buffer =>
  inflateRawSync(Buffer.concat([data, TRAILER]), { windowBits, finishFlush: constants.Z_SYNC_FLUSH });

async function delivery(data: Buffer, contentType = '', changed = {}): Promise<Delivery> {
  return deliveryOf(data, { contentType, deflated: await deflateMessage(data, settings(changed)) });
}

/** The payload of a server frame. */
function payload(frame: Buffer): Buffer {
  const length = (frame[1] as number) & 127;
  return frame.subarray(length < 126 ? 2 : length === 126 ? 4 : 10);
}

describe('deflating a message', () => {
  it.each([
    ['small', SMALL],
    ['large', LARGE],
  ])('%s ones, so that each can be inflated alone, with the window agreed on', async (_name, data) => {
    for (const deflateWindow of [9, 10, 15]) {
      const deflated = await deflateMessage(data, settings({ deflateWindow }));
      expect(deflated?.window).toBe(deflateWindow);
      expect(deflated?.data.length).toBeLessThan(data.length / 2);
      expect(inflate(deflated?.data as Buffer, deflateWindow).equals(data)).toBe(true);
    }
  });

  it('with every strategy', async () => {
    for (const deflateStrategy of ['default', 'filtered', 'huffman-only', 'rle', 'fixed'] as const) {
      const deflated = await deflateMessage(SMALL, settings({ deflateStrategy }));
      expect(inflate(deflated?.data as Buffer)).toEqual(SMALL);
    }
  });

  it('keeps nothing of what does not become smaller', async () => {
    for (const data of ['', 'hi', randomBytes(100), randomBytes(100_000)]) {
      expect(await deflateMessage(Buffer.from(data as string), settings())).toBeUndefined();
    }
    expect(await deflateMessage(SMALL, settings({ deflateLevel: 0 }))).toBeUndefined();
  });

  it('takes no more memory than its bytes, which the store counts', async () => {
    for (const data of [SMALL, LARGE]) {
      const { message } = await delivery(data);
      expect(message.deflated?.data.buffer.byteLength).toBe(message.deflated?.data.length);
      expect(dataBytes(message)).toBe(data.length + (message.deflated?.data.length as number));
    }
  });

  it('deflates many at once, all of them', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => deflateMessage(LARGE, settings())));
    expect(all.every((deflated) => inflate(deflated?.data as Buffer).equals(LARGE))).toBe(true);
  });
});

describe('frames for subscribers that can inflate', () => {
  it('are the deflated message with RSV1, text or binary by content type', async () => {
    const text = webSocketFormat(false, 10).encode(await delivery(SMALL, 'a/b'));
    expect(text[0]).toBe(0xc1);
    expect(inflate(payload(text), 10)).toEqual(SMALL);
    const binary = webSocketFormat(false, 10).encode(await delivery(SMALL, 'application/octet-stream'));
    expect(binary[0]).toBe(0xc2);
  });

  it('begin with id and content type in a stored block where the subprotocol asks for them', async () => {
    const frame = webSocketFormat(true, 10).encode(await delivery(SMALL, 'a/b'));
    const meta = 'id: 1795246539:2\ncontent-type: a/b\n\n';
    expect(frame[0]).toBe(0xc1);
    const start = Buffer.from(`\x00${String.fromCharCode(meta.length)}\x00`, 'latin1');
    expect(payload(frame).subarray(0, 3)).toEqual(start);
    expect(
      payload(frame)
        .subarray(5, 5 + meta.length)
        .toString(),
    ).toBe(meta);
    expect(inflate(payload(frame), 10).toString()).toBe(meta + SMALL.toString());
  });

  it('are shared by all with the same window and subprotocol', () => {
    expect(webSocketFormat(true, 10)).toBe(webSocketFormat(true, 10));
    const kinds = [undefined, 9, 10, 15].flatMap((window) => [
      webSocketFormat(false, window),
      webSocketFormat(true, window),
    ]);
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  it('are plain for a message without a deflated copy', async () => {
    const message = await delivery(Buffer.from('hi'));
    expect(webSocketFormat(false, 15).encode(message)).toEqual(
      webSocketFormat(false, undefined).encode(message),
    );
    expect(webSocketFormat(true, 15).encode(message)).toEqual(
      webSocketFormat(true, undefined).encode(message),
    );
  });

  it('are plain for a message that takes a larger window than the subscriber has', async () => {
    const message = await delivery(SMALL, '', { deflateWindow: 12 });
    expect(webSocketFormat(false, 11).encode(message)[0]).toBe(0x81);
    expect(webSocketFormat(true, 11).encode(message)[0]).toBe(0x81);
    expect(webSocketFormat(false, 12).encode(message)[0]).toBe(0xc1);
  });

  it('are plain for subscribers that cannot', async () => {
    const message = await delivery(SMALL);
    expect(payload(webSocketFormat(false, undefined).encode(message))).toEqual(SMALL);
  });

  it('follow each other in one stream, as a client with context takeover inflates them', async () => {
    const inflater = createInflateRaw({ windowBits: 10, finishFlush: constants.Z_SYNC_FLUSH });
    const parts: Buffer[] = [];
    inflater.on('data', (part: Buffer) => parts.push(part));
    for (const data of [SMALL, LARGE, SMALL]) {
      inflater.write(payload(webSocketFormat(true, 10).encode(await delivery(data))));
      inflater.write(TRAILER);
    }
    await new Promise<void>((resolve) => inflater.end(resolve));
    const meta = 'id: 1795246539:2\n\n';
    expect(Buffer.concat(parts).toString()).toBe([SMALL, LARGE, SMALL].map((data) => meta + data).join(''));
  });
});

it('stored blocks hold any number of bytes', () => {
  for (const length of [0, 1, 65535, 65536, 200_000]) {
    const bytes = randomBytes(length);
    expect(inflate(Buffer.concat(storedBlocks(bytes))).equals(bytes)).toBe(true);
  }
});
