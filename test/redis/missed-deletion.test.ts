/** A channel that is deleted while a server does not hear of it: its subscribers there are ended later, not never. */
import { beforeEach, describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { outageRow } from '../support/outage-table.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { startNchanNode, startNode, startSharedRedis } from './support.ts';

const redis = await startSharedRedis();
const url = `redis://127.0.0.1:${redis.port}`;
const proxy = await startTcpProxy(redis.socket);
const client = await redis.connect();
/** Comes back soon, and does not let others hear of it for long. */
const HASTY = { upstream: 'nchan_redis_reconnect_delay 100ms; nchan_redis_reconnect_delay_max 100ms;' };
const [away, ours, theirs] = await Promise.all([
  startNode(`redis://127.0.0.1:${proxy.port}`, HASTY),
  startNode(url),
  startNchanNode(url),
]);

outageRow('a channel is deleted, by njchan or Nchan, where a server does not hear of it');

let channels = 0;
let id: string;
beforeEach(() => {
  id = `d${channels++}`;
});
const head = () => `{channel:test/${id}}`;
const publish = ({ port }: { port: number }, body: string, to = id) =>
  request(port, 'POST', `/pub/${to}`, { body });
const remove = ({ port }: { port: number }) => request(port, 'DELETE', `/pub/${id}`);
const stream = () => openEventSource(`${away.url}/sub/${id}`);
const known = (count: number) =>
  waitFor('Redis to know them', async () => (await client.hget(head(), 'fake_subscribers')) === `${count}`);

/** Where nothing tells of the ids that were given before, they begin anew with each second. */
async function nextSecond(): Promise<void> {
  const second = async () => (await client.time())[0];
  const now = await second();
  await waitFor('the next second', async () => (await second()) !== now);
}

/** Does something while the one server is cut off, and waits until it is back. */
async function meanwhile(action: () => Promise<unknown>): Promise<void> {
  proxy.down();
  await waitFor(
    'it to be noticed',
    async () => (await request(away.port, 'GET', `/poll/${id}`)).status === 503,
  );
  try {
    await action();
  } finally {
    proxy.up();
    await waitFor('the end', async () => (await request(away.port, 'GET', '/poll/none')).status !== 503);
  }
}

describe.each([
  ['njchan', ours],
  ['Nchan', theirs],
])('deleted by %s', (_name, other) => {
  it('ends subscribers of each transport as a deletion that is heard does', async () => {
    await publish(ours, 'before');
    const [events, socket] = [await stream(), await openWebSocket(`${away.url}/sub/${id}`)];
    expect((await events.event()).data).toBe('before');
    expect(await socket.text()).toBe('before');
    const poll = await RawConnection.open(away.port);
    poll.send(`GET /sub-new/${id} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await known(3);
    await meanwhile(() => remove(other));
    await events.ended;
    expect((await socket.closed).reason).toBe('410 Gone');
    expect((await poll.readResponse()).status).toBe(410);
  });

  it('and made anew: old subscribers are ended, who comes again gets what is there', async () => {
    await publish(ours, 'before');
    const first = await stream();
    await first.event();
    await known(1);
    await meanwhile(async () => {
      await remove(other);
      await nextSecond();
      await publish(other, 'anew');
      const another = await openEventSource(`${ours.url}/sub/${id}`);
      expect((await another.event()).data).toBe('anew');
    });
    await first.ended;
    const second = await stream();
    expect((await second.event()).data).toBe('anew');
    await known(2);
  });

  it('more than once', async () => {
    const first = await stream();
    await known(1);
    await meanwhile(async () => {
      let last: typeof first | undefined;
      for (let round = 0; round < 2; round++) {
        await nextSecond();
        await remove(other);
        await last?.ended; // else this server may hear of the deletion when the next one is there
        const another = await openEventSource(`${ours.url}/sub/${id}`);
        await known(1);
        await publish(ours, `${round}`);
        expect((await another.event()).data).toBe(`${round}`);
        last = another;
      }
    });
    await first.ended;
  });

  it('before anybody was cut off: new subscribers stay', async () => {
    const first = await stream();
    await known(1);
    await remove(other);
    await first.ended;
    const second = await stream();
    await known(1);
    await meanwhile(() => publish(other, 'meanwhile'));
    expect((await second.event()).data).toBe('meanwhile');
    await publish(other, 'after');
    expect((await second.event()).data).toBe('after');
  });
});

describe('is not what these are taken for:', () => {
  it.each<[string, () => Promise<unknown>]>([
    ['nothing', async () => {}],
    ['FLUSHALL', () => client.flushall()],
    [
      'FLUSHALL, and subscribers elsewhere since',
      async () => {
        await client.flushall();
        await openEventSource(`${ours.url}/sub/${id}`);
        await known(1);
        await publish(theirs, 'x', `${id}-other`);
      },
    ],
    [
      'the end of its time',
      async () => {
        const keys = await client.keys(`${head()}*`);
        for (const key of keys) await client.pexpire(key, 1);
        await waitFor('it', async () => (await client.exists(head())) === 0);
      },
    ],
    ['a head that was evicted', () => client.del(head())],
  ])('%s', async (_name, action) => {
    await publish(ours, 'before');
    const events = await stream();
    await events.event();
    await known(1);
    await meanwhile(action);
    await waitFor(
      'Redis to know it again',
      async () => Number(await client.hget(head(), 'fake_subscribers')) > 0,
    );
    await nextSecond();
    await publish(ours, 'after');
    expect((await events.event()).data).toBe('after');
    events.close();
  });
});
