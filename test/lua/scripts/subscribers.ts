/** The scripts by which servers say that they have subscribers. */
import { describe, expect, test } from 'vitest';
import {
  call,
  describeArguments,
  expectTtl,
  given,
  headOf,
  KEY,
  keysOf,
  type Lua,
  THEN,
  wholeNumber,
} from './suite.ts';

const NOW = 1_700_000_000;
const WORKER = 'nchan_worker:{1}';

/** Keys that live and die with the head. */
const TOGETHER = ['', ':messages', ':subscriber_counts'];

const SERVER = 'server-a';
const OTHER = 'server-b';

/** Takes a registration back. */
const unregister = (lua: Lua, server: string, id: number) =>
  call(lua, 'subscriber_unregister', { server, subscriber_id: id, empty_ttl: 5 });

export function describeSubscriberRegister(lua: Lua): void {
  const right = { server: SERVER, subscriber_id: '-', ttl_ms: 600_000, margin_ms: 60_000, time: NOW };
  describeArguments(
    lua,
    'subscriber_register',
    { keys: { channel: KEY }, args: { ...right, worker: WORKER }, optional: ['worker'] },
    {
      subscriber_id: wholeNumber(1),
      ttl_ms: wholeNumber(1),
      margin_ms: wholeNumber(0),
      time: wholeNumber(0),
    },
  );

  const register = (args = {}) => call(lua, 'subscriber_register', { ...right, ...args });
  const servers = async () => Number((await headOf(lua)).subscribers);

  test('makes a channel, for as long as the server is going to be there', async () => {
    expect(await register()).toEqual([1, 1, 600_000]);
    const keys = await keysOf(lua);
    expect(Object.keys(keys)).toEqual(['']);
    expectTtl(keys[''], 660_000);
    expect(await headOf(lua)).toEqual({
      ...{ last_subscriber_id: '1', subscribers: '1', last_seen_subscriber: String(NOW) },
      [`registered:${SERVER}`]: '1',
    });
  });

  test('remembers the process that the server is in, until it takes itself back', async () => {
    await register({ worker: WORKER });
    expect((await headOf(lua))[`worker:${SERVER}`]).toBe('{1}');
    await unregister(lua, SERVER, 1);
    expect((await headOf(lua))[`worker:${SERVER}`]).toBeUndefined();
  });

  test('counts servers', async () => {
    await register();
    expect(await register({ server: OTHER })).toEqual([2, 2, 600_000]);
    await unregister(lua, SERVER, 1);
    expect(await register()).toEqual([3, 2, 600_000]);
  });

  test('does not count a server again that says its number', async () => {
    await register();
    expect(await register({ subscriber_id: 1, time: NOW + 1 })).toEqual([1, 1, 600_000]);
    expect((await headOf(lua)).last_seen_subscriber).toBe(String(NOW + 1));
  });

  test('nor one that registers twice, since it was not answered', async () => {
    await register();
    expect(await register()).toEqual([2, 1, 600_000]);
  });

  test('counts a server that the channel does not know, because it was lost or deleted', async () => {
    await register();
    expect(await register({ server: OTHER, subscriber_id: 7 })).toEqual([2, 2, 600_000]);
  });

  describe.each([
    ['was lost', async () => void (await lua.redis.del(KEY))],
    [
      'was lost, and is there again with their clients',
      async () => {
        await lua.redis.del(KEY);
        for (const worker of [WORKER, 'nchan_worker:{2}']) {
          await call(lua, 'add_fakesub', { clients: '=2', time: NOW, worker });
        }
      },
    ],
    [
      'is of a replica that did not know them yet',
      async () => {
        await lua.redis.del(KEY);
        await register({ server: 'server-c' });
      },
    ],
    [
      'is of a replica that knew but one of them',
      async () => {
        await lua.redis.del(KEY);
        await register();
      },
    ],
  ])('counts each of two servers once at a head that %s', (_, lose) => {
    test.each([
      ['in the order of their ids', [1, 2]],
      ['in the other order', [2, 1]],
      ['twice', [1, 2, 2, 1]],
    ])('when they register again %s', async (_order, order) => {
      const names = [SERVER, OTHER];
      const ids = [1, 2];
      for (const server of names) await register({ server });
      await lose();
      const others = (await lua.redis.hexists(KEY, 'registered:server-c')) ? 1 : 0;
      for (const number of order) {
        const at = number - 1;
        const [id] = (await register({ server: names[at], subscriber_id: ids[at] })) as number[];
        ids[at] = id as number;
      }
      expect(await servers()).toBe(2 + others);
      for (const at of [0, 1])
        expect(await unregister(lua, names[at] as string, ids[at] as number)).toBe(1 + others - at);
    });
  });

  test('counts a server that one of Nchan has taken back in its place', async () => {
    await register();
    await lua.redis.hincrby(KEY, 'subscribers', -1);
    expect(await register({ subscriber_id: 1 })).toEqual([1, 1, 600_000]);
  });

  test('begins at nobody where a count is lower than that', async () => {
    await given(lua, { head: { subscribers: -2, last_subscriber_id: 5 } });
    expect(await register()).toEqual([6, 1, 600_000]);
  });

  test('lets the whole channel live on', async () => {
    await given(lua, { messages: [`${THEN}:0`] });
    await lua.redis.hset(`${KEY}:subscriber_counts`, WORKER, 1);
    await register();
    const keys = await keysOf(lua);
    for (const suffix of TOGETHER) expectTtl(keys[suffix], 660_000);
    expectTtl(keys[`:msg:${THEN}:0`], 100_000);
  });

  test.each([
    ['lengthens its life by the margin, too', 630_000, 660_000],
    ['does not shorten its life', 1_000_000, 1_000_000],
  ])('%s', async (_, ttlMs, left) => {
    await given(lua, { messages: [`${THEN}:0`], ttlMs });
    await register();
    expectTtl((await keysOf(lua))[''], left);
  });
}

export function describeSubscriberUnregister(lua: Lua): void {
  describeArguments(
    lua,
    'subscriber_unregister',
    { keys: { channel: KEY }, args: { server: SERVER, subscriber_id: 2, empty_ttl: 5 } },
    { subscriber_id: wholeNumber(1), empty_ttl: wholeNumber(0) },
  );

  const registered = { [`registered:${SERVER}`]: 2 };
  const end = (id = 2) => unregister(lua, SERVER, id);

  test('lets a channel that has nothing any more live for a little while', async () => {
    await given(lua, { head: { subscribers: 1, ...registered } });
    await lua.redis.hset(`${KEY}:subscriber_counts`, WORKER, 0);
    expect(await end()).toBe(0);
    const keys = await keysOf(lua);
    expectTtl(keys[''], 5000);
    expectTtl(keys[':subscriber_counts'], 5000);
    expect(await headOf(lua)).toEqual({ subscribers: '0' });
  });

  test.each([
    ['with messages', { messages: [`${THEN}:0`], head: { subscribers: 1, ...registered } }, 0],
    ['with other servers', { head: { subscribers: 3, ...registered } }, 2],
  ])('does not shorten the life of a channel %s', async (_, channel, left) => {
    await given(lua, channel);
    expect(await end()).toBe(left);
    expectTtl((await keysOf(lua))[''], 100_000);
  });

  test.each([
    ['nobody', { subscribers: 0 }],
    ['fewer than nobody', { subscribers: -1 }],
    ['an unknown number', { last_subscriber_id: 1 }],
  ])('does not count below nobody: %s', async (_, head) => {
    await given(lua, { head: { ...head, ...registered } });
    expect(await end()).toBe(0);
    expect(await headOf(lua)).toEqual(
      Object.fromEntries(Object.entries(head).map(([k, v]) => [k, String(v)])),
    );
  });

  test.each([
    ['does not know the server', { 'registered:server-b': 2 }, 2],
    ['knows a later registration of it', { [`registered:${SERVER}`]: 3 }, 2],
  ])('changes nothing where the channel %s', async (_, head, id) => {
    await given(lua, { head: { subscribers: 1, ...head } });
    const before = await headOf(lua);
    expect(await end(id)).toBe(1);
    expect(await headOf(lua)).toEqual(before);
    expectTtl((await keysOf(lua))[''], 100_000);
  });

  test('that comes after a deletion leaves the registrations from then on', async () => {
    const right = { subscriber_id: '-', ttl_ms: 600_000, margin_ms: 60_000, time: NOW };
    const register = async (server: string) =>
      ((await call(lua, 'subscriber_register', { ...right, server })) as number[])[0] as number;
    const late = await register(SERVER);
    await call(lua, 'delete', { id: 'test/a', publish_command: 'PUBLISH', accurate: 0 });
    await register(OTHER);
    expect(await end(late)).toBe(1);
    expect((await headOf(lua)).subscribers).toBe('1');
    expectTtl((await keysOf(lua))[''], 660_000);
  });

  test('does no harm when it is said twice', async () => {
    await given(lua, { head: { subscribers: 2, ...registered } });
    expect([await end(), await end()]).toEqual([1, 1]);
  });

  test('does not make a channel', async () => {
    expect(await end()).toBe(0);
    expect(await keysOf(lua)).toEqual({});
  });
}

export function describeChannelKeepalive(lua: Lua): void {
  const right = { server: SERVER, ttl_ms: 600_000, margin_ms: 60_000 };
  describeArguments(
    lua,
    'channel_keepalive',
    { keys: { channel: KEY }, args: right },
    { ttl_ms: wholeNumber(1), margin_ms: wholeNumber(0) },
  );

  const keepalive = (args = {}) => call(lua, 'channel_keepalive', { ...right, ...args });
  const registered = { [`registered:${SERVER}`]: 1 };
  const head = { subscribers: 1, ...registered };

  test.each([100_000, 630_000])(
    'lets the whole channel live on that would have lived for %i ms',
    async (ttlMs) => {
      await given(lua, { messages: [`${THEN}:0`], head, ttlMs });
      await lua.redis.hset(`${KEY}:subscriber_counts`, WORKER, 1);
      expect(await keepalive()).toBe(600_000);
      const keys = await keysOf(lua);
      for (const suffix of TOGETHER) expectTtl(keys[suffix], 660_000);
    },
  );

  test('changes nothing while messages keep the channel longer, and says when it should be asked again', async () => {
    await given(lua, { messages: [`${THEN}:0`], head, ttlMs: 1_000_000 });
    const reply = Number(await keepalive());
    expect(reply).toBeLessThanOrEqual(940_000);
    expect(reply).toBeGreaterThan(939_000);
    expectTtl((await keysOf(lua))[''], 1_000_000);
  });

  test('brings a channel without messages down to what its servers need', async () => {
    await given(lua, { head, ttlMs: 1_000_000 });
    expect(await keepalive()).toBe(600_000);
    expectTtl((await keysOf(lua))[''], 660_000);
  });

  test.each([
    ['nobody is registered at', { head: { subscribers: 0, ...registered } }],
    ['fewer than nobody are registered at', { head: { subscribers: -1, ...registered } }],
    ['only others are registered at', { head: { subscribers: 1, [`registered:${OTHER}`]: 1 } }],
    ['nobody ever registered at', { messages: [`${THEN}:0`] }],
  ])('does not keep a channel that %s', async (_, channel) => {
    await given(lua, channel);
    expect(await keepalive()).toBe(-1);
    expectTtl((await keysOf(lua))[''], 100_000);
  });

  test('does not make a channel', async () => {
    expect(await keepalive()).toBe(-1);
    expect(await keysOf(lua)).toEqual({});
  });
}

export function describeAddFakesub(lua: Lua): void {
  const right = { clients: '+2', time: NOW, worker: WORKER };
  describeArguments(
    lua,
    'add_fakesub',
    { keys: { channel: KEY }, args: right },
    {
      clients: { values: ['', 'x', '+', '=-1', '1.5', '+-1', '= 1'], error: 'must be +N, -N or =N' },
      time: wholeNumber(0),
    },
  );

  const add = (delta: number, args = {}) =>
    call(lua, 'add_fakesub', { ...right, ...args, clients: delta < 0 ? delta : `+${delta}` });
  const set = (clients: number, args = {}) =>
    call(lua, 'add_fakesub', { ...right, ...args, clients: `=${clients}` });

  test('counts the clients of a channel, over all workers and of each', async () => {
    await given(lua, { head: { subscribers: 2 } });
    expect(await add(3)).toBe(3);
    expect(await add(2, { worker: 'nchan_worker:{2}', time: NOW + 1 })).toBe(5);
    expect(await add(-1)).toBe(4);
    expect(await headOf(lua)).toMatchObject({
      ...{ subscribers: '2', fake_subscribers: '4', last_seen_fake_subscriber: String(NOW) },
    });
    const keys = await keysOf(lua);
    expect(keys[':subscriber_counts']?.value).toEqual({ [WORKER]: '2', 'nchan_worker:{2}': '2' });
    expectTtl(keys[':subscriber_counts'], 100_000);
  });

  test('takes the number that there are now, as often as it is told', async () => {
    await given(lua, { head: { subscribers: 2 } });
    await add(4, { worker: 'nchan_worker:{2}' });
    for (const clients of [3, 3, 5, 0, 0, 2]) expect(await set(clients)).toBe(4 + clients);
    expect((await keysOf(lua))[':subscriber_counts']?.value).toEqual({
      [WORKER]: '2',
      'nchan_worker:{2}': '4',
    });
  });

  test('counts anew what it is told of a channel that was lost', async () => {
    expect(await set(3)).toBe(3);
    await lua.redis.flushall();
    expect(await set(0)).toBe(0);
    expect(await keysOf(lua)).toEqual({});
    expect(await set(3)).toBe(3);
  });

  test('makes a channel for a little while, because its registration is on the way', async () => {
    expect(await add(1)).toBe(1);
    const keys = await keysOf(lua);
    expect(Object.keys(keys)).toEqual(['', ':subscriber_counts']);
    expectTtl(keys[''], 5000);
    expectTtl(keys[':subscriber_counts'], 5000);
  });

  test.each([0, -1])('does not make a channel that %i clients come to', async (delta) => {
    expect(await add(delta)).toBe(0);
    expect(await keysOf(lua)).toEqual({});
  });

  test('never counts below nobody', async () => {
    await given(lua, { head: { fake_subscribers: 1 } });
    expect(await add(-3)).toBe(0);
    expect(await add(1)).toBe(1);
    expect((await headOf(lua)).fake_subscribers).toBe('1');
  });

  test('nor below nobody of a worker, whose next clients would count for less', async () => {
    await given(lua, { head: { fake_subscribers: 5 } });
    await add(1, { worker: 'nchan_worker:{2}' });
    await add(-3);
    const counts = async () => (await keysOf(lua))[':subscriber_counts']?.value;
    expect(await counts()).toEqual({ [WORKER]: '0', 'nchan_worker:{2}': '1' });
    await add(1);
    expect(await counts()).toEqual({ [WORKER]: '1', 'nchan_worker:{2}': '1' });
  });

  test('takes the number that there are now where somebody left one below nobody', async () => {
    await given(lua, { head: { fake_subscribers: 1 } });
    await lua.redis.hset(`${KEY}:subscriber_counts`, WORKER, -2);
    expect(await set(2)).toBe(3);
    expect((await keysOf(lua))[':subscriber_counts']?.value).toEqual({ [WORKER]: '2' });
  });

  test('does not change how long the channel lives, nor its counts', async () => {
    await given(lua, { head: { subscribers: 1 } });
    await add(1);
    await lua.redis.pexpire(`${KEY}:subscriber_counts`, 70_000);
    await add(1);
    const keys = await keysOf(lua);
    expectTtl(keys[''], 100_000);
    expectTtl(keys[':subscriber_counts'], 70_000);
  });

  test('lets the counts live for ever with a head that does', async () => {
    await given(lua, { head: { subscribers: 1 } });
    await lua.redis.persist(KEY);
    await add(1);
    expect((await keysOf(lua))[':subscriber_counts']?.pttl).toBe(-1);
  });
}
