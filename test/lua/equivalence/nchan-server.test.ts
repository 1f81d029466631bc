/** A server of real Nchan and our scripts share a Redis. */
import { describe, expect, test } from 'vitest';
import { startNchan } from '../../conformance/nchan.ts';
import { openEventSource } from '../../support/eventsource.ts';
import { freePort } from '../../support/ports.ts';
import { request } from '../../support/raw-http.ts';
import { startRedis } from '../../support/redis.ts';
import { shippedScripts } from '../../support/shipped-scripts.ts';
import { waitFor } from '../../support/wait.ts';
import { Announcements } from '../support/announcements.ts';
import { loadScripts, type Named, type Reply } from '../support/scripts.ts';

const redisPort = await freePort();
const server = await startRedis({ port: redisPort });
const redis = await server.connect();
const scripts = await loadScripts(redis, shippedScripts());
const announcements = await Announcements.listen(server);
// Only the locations themselves, not those around them, say reliably that they use Redis.
const REDIS = `nchan_channel_group test; nchan_channel_id $1;
      nchan_use_redis on; nchan_redis_url redis://127.0.0.1:${redisPort};`;
const nchan = await startNchan(`
    location ~ ^/info/(.*)$ { nchan_publisher; ${REDIS} }
    location ~ ^/events/(.*)$ { nchan_subscriber eventsource; ${REDIS} }
    location ~ ^/poll/(.*)$ { nchan_subscriber longpoll; ${REDIS} }
    location ~ ^/nostore/(.*)$ { nchan_subscriber eventsource; nchan_redis_storage_mode nostore; ${REDIS} }`);

const keyOf = (id: string) => `{channel:test/${id}}`;

async function publish(id: string, args: Named = {}): Promise<readonly Reply[]> {
  const message = {
    data: 'hello',
    content_type: 'text/plain',
    eventsource_event: '',
    compression: 0,
    ttl: 60,
  };
  const rest = { max_messages: 10, cutoff: 5120, publish_command: 'PUBLISH', accurate: 0 };
  return (await scripts.call('publish', { channel: keyOf(id) }, { ...message, ...rest, ...args })) as Reply[];
}

/** A subscriber of Nchan's, that the Redis knows of. */
async function subscribe(path: string, id: string) {
  const subscriber = await openEventSource(`http://127.0.0.1:${nchan.port}/${path}/${id}`);
  await waitFor(
    'a subscription in Redis',
    async () => Number(await redis.hget(keyOf(id), 'fake_subscribers')) > 0,
  );
  return subscriber;
}

describe('a subscriber of Nchan gets what our scripts publish', () => {
  test('before it comes', async () => {
    await publish('before', { data: 'first', content_type: 'text/x; note="a:b"' });
    await publish('before', { data: 'second' });
    const first = await request(nchan.port, 'GET', '/poll/before');
    expect(first.body.toString()).toBe('first');
    expect(first.headers['content-type']).toBe('text/x; note="a:b"');
  });

  test.each([
    ['a message', {}],
    ['a large message', { data: 'x'.repeat(6000) }],
    ['a message without a buffer', { max_messages: 0 }],
    ['a large message without a buffer', { data: 'y'.repeat(6000), max_messages: 0 }],
    ['a message with an event', { eventsource_event: 'ev' }],
    ['a message with a colon in its content type', { content_type: 'text/x; note="a:b"' }],
  ] satisfies [string, Named][])('as it is published: %s', async (name, args: Named) => {
    const id = name.replaceAll(' ', '-');
    const subscriber = await subscribe('events', id);
    const replies = [await publish(id, args), await publish(id, { ...args, data: 'next' })];
    expect(replies.map((reply) => reply[2])).toEqual([1, 1]);
    const events = [await subscriber.event(), await subscriber.event()];
    expect(events.map(({ data }) => data)).toEqual([args.data ?? 'hello', 'next']);
    expect(events.map((event) => event.event)).toEqual([args.eventsource_event, args.eventsource_event]);
    subscriber.close();
  });

  test('without a store', async () => {
    const subscriber = await subscribe('nostore', 'nostore');
    const message = { data: 'hello', content_type: '', eventsource_event: 'ev', compression: 0, ttl: 60 };
    const rest = { time: Math.floor(Date.now() / 1000), publish_command: 'PUBLISH', accurate: 0 };
    const [, subscribers] = (await scripts.call(
      'publish_nostore',
      { channel: keyOf('nostore') },
      { ...message, ...rest },
    )) as Reply[];
    expect(subscribers).toBe(1);
    expect(await subscriber.event()).toMatchObject({ data: 'hello', event: 'ev' });
    subscriber.close();
  });
});

test('deleting by our script ends subscribers of Nchan', async () => {
  await publish('deleted');
  const subscriber = await subscribe('events', 'deleted');
  await subscriber.event();
  const args = { id: 'test/deleted', publish_command: 'PUBLISH', accurate: 0 };
  expect(await scripts.call('delete', { channel: keyOf('deleted') }, args)).toMatchObject({ 1: 1, 2: 1 });
  await subscriber.ended;
});

test('a server of Nchan answers for its subscribers', async () => {
  const subscriber = await subscribe('events', 'asked');
  await announcements.take();
  const args = { request: 7, publish_command: 'PUBLISH' };
  await scripts.call('request_subscriber_info', { channel: keyOf('asked') }, args);
  const answers = await waitFor('an answer', async () => {
    const heard = await announcements.take();
    return heard.find(({ channel }) => channel === '{channel:meta/sr7}:pubsub');
  });
  expect(answers.message).toContain('asked');
  subscriber.close();
});

test('publishers of both kinds take turns', async () => {
  const post = () => request(nchan.port, 'POST', '/info/turns', { body: 'theirs' });
  expect((await publish('turns'))[1]).toBe(1);
  expect((await post()).status).toBe(202);
  expect((await publish('turns'))[1]).toBe(3);
  const info = await request(nchan.port, 'GET', '/info/turns');
  expect(info.body.toString()).toContain('queued messages: 3');

  const seen: Reply[] = [];
  let [time, tag]: Reply[] = [0, 0];
  for (;;) {
    const args = { time: Number(time), tag: Number(tag), present: 0 };
    const reply = (await scripts.call('get_message', { channel: keyOf('turns') }, args)) as Reply[];
    if (reply[0] !== 200) break;
    [time = null, tag = null] = reply.slice(2);
    seen.push(reply[6] ?? null);
  }
  expect(seen).toEqual(['hello', 'theirs', 'hello']);
});
