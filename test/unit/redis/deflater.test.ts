import { inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import type { RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import { Deflater } from '../../../sidecar/store/redis/deflater.ts';

const message = (data: string, compressed = true): RedisMessage => ({
  id: { time: 1, tag: 0 },
  previous: { time: 0, tag: 0 },
  ttlSeconds: 60,
  data: Buffer.from(data),
  contentType: '',
  eventsourceEvent: '',
  compressed,
});
const draft = (data: string) => ({
  data: Buffer.from(data),
  deflated: { data: Buffer.from('own'), window: 10 },
  contentType: '',
  eventsourceEvent: '',
});
const LONG = 'abc'.repeat(1000);

describe('a message of Redis', () => {
  it('is compressed if its publisher asked for that', async () => {
    const deflater = new Deflater();
    const deflated = await deflater.deflate(message(LONG));
    const whole = Buffer.concat([deflated?.data as Buffer, Buffer.from([0, 0, 0xff, 0xff])]);
    expect(inflateRawSync(whole, { finishFlush: 2 }).toString()).toBe(LONG);
    expect(await deflater.deflate(message(LONG, false))).toBeUndefined();
  });

  it('is compressed as the locations say', async () => {
    const deflater = new Deflater();
    deflater.settings = { ...DEFAULT_SETTINGS, deflateWindow: 12 };
    expect((await deflater.deflate(message(LONG)))?.window).toBe(12);
  });

  it('that was published here is not compressed again, but for its own copies', async () => {
    const deflater = new Deflater();
    deflater.published(draft(LONG));
    expect((await deflater.deflate(message(`${LONG}!`)))?.data.toString()).not.toBe('own');
    expect((await deflater.deflate(message(LONG)))?.data.toString()).toBe('own');
    expect((await deflater.deflate(message(LONG)))?.data.toString()).not.toBe('own');
  });

  it('that never came back is forgotten', async () => {
    const deflater = new Deflater();
    for (let i = 0; i <= 100; i++) deflater.published(draft(`${i}`));
    expect(await deflater.deflate(message('0'))).toBeUndefined();
    expect((await deflater.deflate(message('1')))?.data.toString()).toBe('own');
  });
});
