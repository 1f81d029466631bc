/** Client frames, right and wrong, in pieces of any size: the parser gives the messages or the error, and no more. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { negotiateDeflate } from '../../sidecar/websocket/permessage-deflate.ts';
import { closeCodeFor, createReceiver } from '../../sidecar/websocket/receiver.ts';
import { clientFrame, deflated } from '../support/raw-websocket.ts';
import { cases } from './fuzzing.ts';

const MAX_MESSAGE_BYTES = 1000;

interface Message {
  readonly binary: boolean;
  readonly compressed: boolean;
  readonly data: Buffer;
  /** Where its payload is cut into fragments, in percent. */
  readonly cuts: readonly number[];
}

const message: fc.Arbitrary<Message> = fc.record({
  binary: fc.constant(true),
  compressed: fc.boolean(),
  data: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  cuts: fc.array(fc.nat(100), { maxLength: 3 }),
});
const text: fc.Arbitrary<Message> = fc.record({
  binary: fc.constant(false),
  compressed: fc.boolean(),
  data: fc.string({ unit: 'binary', maxLength: 100 }).map((characters) => Buffer.from(characters)),
  cuts: fc.constant([]),
});
const pieces = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 20 });

function framesOf(one: Message, mask: number): Buffer[] {
  const data = one.compressed ? deflated(one.data) : one.data;
  const ends = [...one.cuts.map((cut) => Math.floor((cut * data.length) / 100)), data.length].sort(
    (a, b) => a - b,
  );
  let start = 0;
  return ends.map((end, i) => {
    const opcode = i === 0 ? (one.binary ? 2 : 1) | (one.compressed ? 0x40 : 0) : 0;
    const fragment = data.subarray(start, end);
    start = end;
    return clientFrame(opcode | (i === ends.length - 1 ? 0x80 : 0), fragment, mask);
  });
}

/** Feeds bytes in pieces of the given sizes, over and over. */
function receive(
  bytes: Buffer,
  sizes: readonly number[],
): Promise<{ messages: Buffer[]; code: number | undefined }> {
  const receiver = createReceiver({
    maxMessageBytes: MAX_MESSAGE_BYTES,
    deflate: negotiateDeflate('permessage-deflate; client_no_context_takeover', 10),
    beforeInflating: (goOn) => goOn(),
  });
  const messages: Buffer[] = [];
  receiver.on('message', (data) => void messages.push(data));
  return new Promise((resolve) => {
    receiver.on('error', (error) => resolve({ messages, code: closeCodeFor(error) }));
    receiver.on('finish', () => resolve({ messages, code: undefined }));
    // A copy, since masks are taken off in place.
    const copy = Buffer.from(bytes);
    for (let at = 0, i = 0; at < copy.length; i++) {
      const size = sizes[i % sizes.length] as number;
      receiver.write(copy.subarray(at, at + size));
      at += size;
    }
    receiver.end();
  });
}

it('messages come out as they went in, however they are cut up', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(message, text), { maxLength: 4 }),
      fc.nat(0xffffffff),
      pieces,
      async (messages, mask, sizes) => {
        const bytes = Buffer.concat(messages.flatMap((one) => framesOf(one, mask)));
        const received = await receive(bytes, sizes);
        expect(received.code).toBeUndefined();
        expect(received.messages.map((data) => data.toString('latin1'))).toEqual(
          messages.map(({ data }) => data.toString('latin1')),
        );
      },
    ),
    cases(),
  );
});

const CODES: readonly (number | undefined)[] = [undefined, 1002, 1007, 1008, 1009];

it('bytes that were changed or made up end in a close code at worst, and in no message that is too large', async () => {
  const codes = new Map<number | undefined, number>();
  const change = fc.record({ at: fc.nat(1000), to: fc.nat(255) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof(message, text), { maxLength: 3 }),
      fc.array(change, { maxLength: 4 }),
      fc.uint8Array({ maxLength: 20 }),
      pieces,
      async (messages, changes, noise, sizes) => {
        const bytes = Buffer.concat([...messages.flatMap((one) => framesOf(one, 0x01020304)), noise]);
        for (const { at, to } of changes) if (bytes.length > 0) bytes[at % bytes.length] = to;
        const { messages: received, code } = await receive(bytes, sizes);
        expect(CODES).toContain(code);
        for (const data of received) expect(data.length).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
        codes.set(code, (codes.get(code) ?? 0) + 1);
      },
    ),
    cases(),
  );
  for (const code of [undefined, 1002, 1007, 1009]) expect(codes.get(code), String(code)).toBeGreaterThan(1);
});
