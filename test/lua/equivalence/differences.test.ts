/** Each of the wanted differences is there: Nchan does the one, our scripts the other. */

import { describe, expect, test } from 'vitest';
import { differenceIds } from '../../conformance/differences.ts';
import { shippedScripts } from '../../support/shipped-scripts.ts';
import { waitFor } from '../../support/wait.ts';
import { redisSecond } from '../support/clock.ts';
import { dumpKeyspace } from '../support/keyspace.ts';
import type { Named, Reply, Value } from '../support/scripts.ts';
import { DIFFERENCES } from './differences.ts';
import { TwoSides } from './two-sides.ts';

type Id = keyof typeof DIFFERENCES;

const sides = await TwoSides.start(shippedScripts());
const THEN = 4_102_444_800;
const LONG_AGO = 1_700_000_000;

const keyOf = (id: string) => `{channel:${id}}`;

function nchan(script: string, id: string, ...args: readonly Value[]): Promise<Reply> {
  return sides.callNchan({ script, args: ['', id, ...args] });
}

function njchan(script: string, id: string, args: Named): Promise<Reply> {
  return sides.callOurs({ script, keys: { channel: keyOf(id) }, args });
}

/** Publishes on both sides. */
async function publish(id: string, options: { buffer?: number; type?: string; ttl?: number } = {}) {
  const { buffer = 10, type = '', ttl = 60 } = options;
  const args = ['x', type, '', 0, ttl, buffer, 5120, 'PUBLISH', 0];
  const names = ['data', 'content_type', 'eventsource_event', 'compression', 'ttl', 'max_messages', 'cutoff'];
  const named = [...names, 'publish_command', 'accurate'].map((name, i) => [name, args[i] ?? '']);
  const both = [nchan('publish', id, ...args), njchan('publish', id, Object.fromEntries(named))] as const;
  const [theirs, ours] = await Promise.allSettled(both);
  return { theirs, ours };
}

/** Runs commands on both sides. */
async function prepare(...commands: readonly (readonly Value[])[]): Promise<void> {
  for (const [name = '', ...args] of commands) {
    for (const redis of [sides.theirs, sides.ours]) await redis.call(String(name), ...args);
  }
}

/** The value of a key on both sides. */
async function values(key: string): Promise<unknown[]> {
  const both = [await dumpKeyspace(sides.theirs), await dumpKeyspace(sides.ours)];
  return both.map((keyspace) => keyspace[key]?.value);
}

const ends = (settled: PromiseSettledResult<Reply>) =>
  settled.status === 'fulfilled' ? 'published' : (settled.reason as Error).message;

/** A message with its predecessor and successor. */
function message(id: string, at: string, fields: Named = {}): Value[] {
  const [time = '', tag = ''] = at.split(':');
  return [
    'HSET',
    `${keyOf(id)}:msg:${at}`,
    ...Object.entries({ id: at, time, tag, data: at, ...fields }).flat(),
  ];
}

const subscribed = (id: string, count: number) => ['HSET', keyOf(id), 'subscribers', count];

/** Ids are of a test each, so that none meets what another one left. */
const DEMONSTRATIONS: Record<Id, () => Promise<void>> = {
  'redis-lost-counts': async () => {
    await njchan('add_fakesub', 'a', { clients: '-1', time: 1, worker: 'worker' });
    // It is there for 60 ms, in which a busy machine may not look.
    const left = await waitFor('what Nchan leaves', async () => {
      await nchan('add_fakesub', 'a', -1, 1, 'worker');
      const [theirs, ours] = await values(`${keyOf('a')}:subscriber_counts`);
      return theirs && [theirs, ours];
    });
    expect(left).toEqual([{ worker: '-1' }, undefined]);
  },

  'redis-tombstone': async () => {
    await prepare(['HSET', keyOf('b'), 'current_message', `${THEN}:5`]);
    await nchan('delete', 'b', 'PUBLISH', 0);
    await njchan('delete', 'b', { id: 'b', publish_command: 'PUBLISH', accurate: 0 });
    expect(await values(`${keyOf('b')}:deleted`)).toEqual(['1', `${THEN}:5`]);
    await publish('b');
    const heads = (await values(keyOf('b'))) as Record<string, string>[];
    expect(heads.map((head) => head.current_message)).toEqual([expect.stringMatching(/:0$/), `${THEN}:6`]);
  },

  'redis-late-entries': async () => {
    await prepare(
      ['HSET', keyOf('c'), 'current_message', `${THEN}:1`, 'max_stored_messages', 10],
      ['LPUSH', `${keyOf('c')}:messages`, `${THEN}:0`],
    );
    await prepare(message('c', `${THEN}:1`));
    await publish('c');
    expect(await values(`${keyOf('c')}:messages`)).toEqual([[`${THEN}:2`], [`${THEN}:2`, `${THEN}:0`]]);

    await prepare(['LPUSH', `${keyOf('c2')}:messages`, `${LONG_AGO}:0`]);
    await publish('c2');
    const lists = (await values(`${keyOf('c2')}:messages`)) as string[][];
    expect(lists.map((list) => list.length)).toEqual([1, 1]);
  },

  'redis-immortal-list': async () => {
    await publish('d', { buffer: 0, ttl: 3600 });
    await publish('d', { buffer: 10, ttl: 60 });
    const list = `${keyOf('d')}:messages`;
    expect(await sides.theirs.pttl(list)).toBe(-1);
    expect(await sides.ours.pttl(list)).toBeGreaterThan(0);
  },

  'redis-expired-predecessor': async () => {
    await prepare(['HSET', keyOf('e'), 'current_message', `${LONG_AGO}:5`]);
    await publish('e');
    const heads = (await values(keyOf('e'))) as Record<string, string>[];
    const [first, second] = await Promise.all(
      [sides.theirs, sides.ours].map((redis, i) =>
        redis.hgetall(`${keyOf('e')}:msg:${heads[i]?.current_message}`),
      ),
    );
    expect(first).toMatchObject({ prev: `${LONG_AGO}:5` });
    expect(first).not.toHaveProperty('prev_time');
    expect(second).toMatchObject({ prev_time: '0', prev_tag: '0' });
    expect(second).not.toHaveProperty('prev');
  },

  'redis-orphans': async () => {
    const second = await redisSecond(sides.theirs);
    for (const time of [second, second + 1]) await prepare(message('f', `${time}:0`, { unbuffered: 1 }));
    const { theirs, ours } = await publish('f');
    expect(ends(theirs)).toContain('already exists');
    expect(ends(ours)).toBe('published');
  },

  'redis-below-nobody': async () => {
    await prepare(['HSET', keyOf('g'), 'fake_subscribers', 1, 'subscribers', 0]);
    await nchan('add_fakesub', 'g', -3, 1, 'worker');
    await njchan('add_fakesub', 'g', { clients: '-3', time: 1, worker: 'worker' });
    await expect(nchan('subscriber_unregister', 'g', 0, 5)).rejects.toThrow('less than zero');
    expect(await njchan('subscriber_unregister', 'g', { server: 's', subscriber_id: 1, empty_ttl: 5 })).toBe(
      0,
    );
    expect(await values(keyOf('g'))).toMatchObject([
      { fake_subscribers: '-2', subscribers: '-1' },
      { fake_subscribers: '0', subscribers: '0' },
    ]);
  },

  'redis-lost-registration': async () => {
    expect(await nchan('subscriber_register', 'h', 7, 60_000, 1000, 1, 1)).toEqual(['7']);
    const args = { server: 's', subscriber_id: 7, ttl_ms: 60_000, margin_ms: 1000, time: 1 };
    expect(await njchan('subscriber_register', 'h', args)).toEqual([1, 1, 60_000]);
  },

  'redis-registered': async () => {
    const register = { subscriber_id: '-', ttl_ms: 60_000, margin_ms: 1000, time: 1 };
    const removal = { id: 't', publish_command: 'PUBLISH', accurate: 0 };
    for (const server of ['deleted', 'later']) {
      await nchan('subscriber_register', 't', '-', 60_000, 1000, 1, 1);
      await njchan('subscriber_register', 't', { server, ...register });
      if (server === 'later') break;
      await nchan('delete', 't', 'PUBLISH', 0);
      await njchan('delete', 't', removal);
    }
    await nchan('subscriber_unregister', 't', 0, 5);
    await njchan('subscriber_unregister', 't', { server: 'deleted', subscriber_id: 1, empty_ttl: 5 });
    expect(await values(keyOf('t'))).toMatchObject([
      { subscribers: '0' },
      { subscribers: '1', 'registered:later': '1' },
    ]);
  },

  'redis-register-reply': async () => {
    await publish('i', { ttl: 3600 });
    const [, , theirs] = (await nchan('subscriber_register', 'i', '-', 60_000, 1000, 1, 1)) as Reply[];
    expect(theirs).toBeGreaterThan(3_500_000);
    const args = { server: 's', subscriber_id: '-', ttl_ms: 60_000, margin_ms: 1000, time: 1 };
    expect(await njchan('subscriber_register', 'i', args)).toEqual([1, 1, 60_000]);
  },

  'redis-gone': async () => {
    await prepare(message('j', `${THEN}:5`), ['EXPIRE', `${keyOf('j')}:msg:${THEN}:5`, 60]);
    await prepare(['HSET', keyOf('j'), 'current_message', `${THEN}:5`]);
    await prepare(['LPUSH', `${keyOf('j')}:messages`, `${THEN}:5`]);
    expect(await nchan('get_message', 'j', THEN, 3, 'FILO', 0)).toEqual([404]);
    const reply = await njchan('get_message', 'j', { time: THEN, tag: 3, present: 0 });
    expect(reply).toMatchObject({ 0: 200, 3: '5' });
  },

  'redis-unbuffered': async () => {
    await prepare(
      ['HSET', keyOf('k'), 'current_message', `${THEN}:1`],
      message('k', `${THEN}:0`, { next: `${THEN}:1` }),
    );
    await prepare(message('k', `${THEN}:1`, { unbuffered: 1 }), [
      'EXPIRE',
      `${keyOf('k')}:msg:${THEN}:1`,
      60,
    ]);
    expect(await nchan('get_message', 'k', THEN, 0, 'FILO', 0)).toMatchObject({ 0: 200, 3: 1 });
    expect(await njchan('get_message', 'k', { time: THEN, tag: 0, present: 0 })).toEqual([418]);
    expect(await njchan('get_message', 'k', { time: THEN, tag: 0, present: 1 })).toMatchObject({
      0: 200,
      3: '1',
    });
  },

  'redis-deleted-count': async () => {
    await prepare(subscribed('l', 1), ['LPUSH', `${keyOf('l')}:messages`, `${LONG_AGO}:0`]);
    expect(await nchan('delete', 'l', 'PUBLISH', 0)).toMatchObject({ 4: 1 });
    const args = { id: 'l', publish_command: 'PUBLISH', accurate: 0 };
    expect(await njchan('delete', 'l', args)).toMatchObject({ 1: 0 });
  },

  'redis-nostore-count': async () => {
    await prepare(subscribed('m', 2));
    expect(await nchan('nostore_publish_multiexec_channel_info', 'm', 0)).toEqual([0, 0]);
    const message = {
      data: 'x',
      content_type: '',
      eventsource_event: '',
      compression: 0,
      ttl: 60,
      time: THEN,
    };
    const args = { ...message, publish_command: 'PUBLISH', accurate: 0 };
    expect(await njchan('publish_nostore', 'm', args)).toMatchObject({ 1: 2 });
  },

  'redis-accurate-find': async () => {
    await prepare(['HSET', keyOf('n'), 'fake_subscribers', 3]);
    // 0 is that of 1.3.7.
    expect([3, 0]).toContain(((await nchan('find_channel', 'n', 1)) as Reply[])[2]);
    expect(await njchan('find_channel', 'n', { accurate: 1 })).toMatchObject({ 2: 0 });
  },

  'redis-percent': async () => {
    const { theirs, ours } = await publish('100%d');
    expect(ends(theirs)).toContain('bad argument');
    expect(ends(ours)).toBe('published');
  },

  'redis-content-type': async () => {
    const { theirs, ours } = await publish('o', { type: 'text/x;a="b:c"' });
    expect(ends(theirs)).toContain('cannot contain ":"');
    expect(ends(ours)).toBe('published');
  },

  'redis-tags': async () => {
    await prepare(['HSET', keyOf('p'), 'current_message', `${THEN}:32767`], message('p', `${THEN}:32767`));
    await publish('p');
    expect(await values(keyOf('p'))).toMatchObject([
      { current_message: `${THEN}:32768` },
      { current_message: `${THEN + 1}:0` },
    ]);
  },

  'redis-arguments': async () => {
    await sides.clear();
    const { theirs, ours } = await publish('q', { ttl: -5 });
    expect(ends(theirs)).toBe('published');
    expect(ends(ours)).toBe('ERR ttl must be a whole number of at least 0');
    expect(await dumpKeyspace(sides.ours)).toEqual({});
  },

  'redis-shards': async () => {
    const subscriber = sides.ours.duplicate();
    try {
      const heard: string[] = [];
      subscriber.on('smessage', (channel: string) => heard.push(channel));
      await subscriber.ssubscribe(`${keyOf('r')}:pubsub`, `${keyOf('s')}:pubsub`);
      await nchan('delete', 'r', 'SPUBLISH', 0);
      await njchan('delete', 's', { id: 's', publish_command: 'SPUBLISH', accurate: 0 });
      const announced = (await sides.announced()).map(({ channel }) => channel);
      expect(announced.slice(-2)).toEqual([`${keyOf('r')}:pubsub`, `${keyOf('s')}:pubsub`]);
      await subscriber.sunsubscribe();
      expect(heard).toEqual([`${keyOf('s')}:pubsub`]);
    } finally {
      subscriber.disconnect();
    }
  },
};

describe('differs from Nchan on purpose', () => {
  for (const [id, demonstrate] of Object.entries(DEMONSTRATIONS)) {
    test(id, demonstrate);
  }
});

test('docs/differences.md has all of them', () => {
  expect(differenceIds()).toEqual(expect.arrayContaining(Object.keys(DIFFERENCES)));
});
