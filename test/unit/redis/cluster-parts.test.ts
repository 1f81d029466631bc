import { describe, expect, it } from 'vitest';
import { keySlot } from '../../../sidecar/store/redis/key-slot.ts';
import { parseClusterSlots, parseRedirection, shardsOf } from '../../../sidecar/store/redis/slot-map.ts';

describe('the slot of a key', () => {
  // As CLUSTER KEYSLOT of Redis 7.0.15 gives them.
  it.each([
    ['', 0],
    ['123456789', 12_739],
    ['foo', 12_182],
    ['a{foo}b', 12_182],
    ['{channel:test/a}', 3_903],
    ['ns:{channel:test/a}:pubsub', 3_903],
    ['{}foo', 9_500],
    ['{foo', 13_308],
    ['a{foo}{bar}', 12_182],
    ['{channel:test/{}', 15_428],
  ])('of "%s" is %d', (key, slot) => {
    expect(keySlot(Buffer.from(key))).toBe(slot);
  });
});

const node = (host: string | null, port: number, id: string) => [
  host === null ? null : Buffer.from(host),
  port,
  Buffer.from(id),
  [],
];

describe('the reply to CLUSTER SLOTS', () => {
  const map = parseClusterSlots(
    [
      [0, 99, node('10.0.0.1', 7000, 'a'), node('10.0.0.2', 7001, 'b')],
      [100, 199, node('', 7002, 'c')],
      [300, 16_383, node('10.0.0.1', 7000, 'a'), node('10.0.0.2', 7001, 'b')],
    ],
    '127.0.0.1',
  );

  it('tells the master and the replicas of each slot', () => {
    expect(map).toHaveLength(16_384);
    expect(map[99]).toEqual({
      master: { host: '10.0.0.1', port: 7000, id: 'a' },
      replicas: [{ host: '10.0.0.2', port: 7001, id: 'b' }],
    });
  });

  it('means the host that was asked where none is named', () => {
    expect(map[100]?.master).toEqual({ host: '127.0.0.1', port: 7002, id: 'c' });
  });

  it('leaves out slots that nobody serves', () => {
    expect(map[200]).toBeUndefined();
  });

  it('has each master once, however many ranges it serves', () => {
    expect(shardsOf(map).map(({ master }) => master.id)).toEqual(['a', 'c']);
  });
});

describe('a redirection', () => {
  it.each([
    ['MOVED 3999 127.0.0.1:6381', { slot: 3999, host: '127.0.0.1', port: 6381 }],
    ['ASK 3999 ::1:6381', { slot: 3999, host: '::1', port: 6381 }],
    ['MOVED 3999 :6381', { slot: 3999, host: 'asked', port: 6381 }],
    ['ERR MOVED 3999 127.0.0.1:6381', undefined],
  ])('%s is read', (message, redirection) => {
    expect(parseRedirection(message, 'asked')).toEqual(redirection);
  });
});
