import { expect, it } from 'vitest';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';
import { readMessages } from '../../../sidecar/store/redis/message-reader.ts';

const text = (...parts: readonly string[]) => parts.map((part) => Buffer.from(part));
const message = (tag: number) => [60, 100, tag, 0, 0, ...text(`data ${tag}`, '', '', '0'), 1];

it('reads on where Redis says, also after a slice in which everything had expired', async () => {
  const replies = [
    [1, ...text('10', '100:2'), [message(1), message(2)]],
    [1, ...text('10', '100:7'), []],
    [1, ...text('5', ''), [message(8)]],
  ];
  const from: unknown[] = [];
  const link = {
    run: async (_script: unknown, _keys: unknown, args: readonly unknown[]) => {
      from.push(args.slice(0, 2));
      return replies.shift();
    },
  } as unknown as RedisLink;
  const taken: unknown[] = [];
  await readMessages(link, Buffer.from('{channel:a}'), undefined, false, {
    resize: (maxMessages) => taken.push(maxMessages),
    take: async ({ id }) => void taken.push(id.tag),
  });
  expect(from).toEqual([
    [0, -1],
    [100, 2],
    [100, 7],
  ]);
  expect(taken).toEqual([10, 1, 2, 10, 5, 8]);
});
