/** Compresses messages, once each, for all subscribers that can inflate them (RFC 7692 §7.2.1). */
import { promisify } from 'node:util';
import { constants, deflateRaw, deflateRawSync, type ZlibOptions } from 'node:zlib';
import type { LocationSettings } from '../../handoff/settings.ts';
import type { Deflated } from '../store/message.ts';

/** zlib's settings of a location. */
export type DeflateSettings = Pick<
  LocationSettings,
  'deflateLevel' | 'deflateWindow' | 'deflateMemlevel' | 'deflateStrategy'
>;

const STRATEGIES: Record<LocationSettings['deflateStrategy'], number> = {
  default: constants.Z_DEFAULT_STRATEGY,
  filtered: constants.Z_FILTERED,
  'huffman-only': constants.Z_HUFFMAN_ONLY,
  rle: constants.Z_RLE,
  fixed: constants.Z_FIXED,
};

/**
 * Up to this size a message is deflated at once, in some 30 µs: giving it to another thread would keep the event loop
 * busy for longer.
 */
const AT_ONCE_BYTES = 4 * 1024;

/** Messages that are deflated at the same time, each with some 300 KiB of zlib's own; libuv has four threads. */
const MAX_CONCURRENT = 4;

/** What a flush ends with and RFC 7692 §7.2.1 leaves out. */
const TRAILER_BYTES = 4;

const deflateInBackground = promisify<Buffer, ZlibOptions, Buffer>(deflateRaw);

let running = 0;
const waiting: (() => void)[] = [];

function optionsOf(settings: DeflateSettings): ZlibOptions {
  return {
    level: settings.deflateLevel,
    windowBits: settings.deflateWindow,
    memLevel: settings.deflateMemlevel,
    strategy: STRATEGIES[settings.deflateStrategy],
    finishFlush: constants.Z_SYNC_FLUSH,
  };
}

/** Undefined unless it is smaller than the data; in memory of its own, since zlib's buffers are larger. */
function useful(deflated: Buffer, data: Buffer, window: number): Deflated | undefined {
  const length = deflated.length - TRAILER_BYTES;
  if (length >= data.length) return undefined;
  const copy = Buffer.allocUnsafeSlow(length);
  deflated.copy(copy, 0, 0, length);
  return { data: copy, window };
}

/**
 * Deflates a message: a small one at once, a large one in the background.
 * @returns undefined when that does not make it smaller.
 * @throws RangeError for settings that zlib does not have.
 */
export function deflateMessage(
  data: Buffer,
  settings: DeflateSettings,
): Deflated | undefined | Promise<Deflated | undefined> {
  if (data.length > AT_ONCE_BYTES) return deflateLarge(data, settings);
  return useful(deflateRawSync(data, optionsOf(settings)), data, settings.deflateWindow);
}

async function deflateLarge(data: Buffer, settings: DeflateSettings): Promise<Deflated | undefined> {
  if (running >= MAX_CONCURRENT) await new Promise<void>((resolve) => waiting.push(resolve));
  else running += 1;
  try {
    return useful(await deflateInBackground(data, optionsOf(settings)), data, settings.deflateWindow);
  } finally {
    // The place goes to the next in line, if there is one.
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}
