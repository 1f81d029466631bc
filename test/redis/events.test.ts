/** Channel events and information about subscribers on servers that share a Redis, those of the real Nchan among them. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startNchan } from '../conformance/nchan.ts';
import { untilSubscribers } from '../support/channel-figures.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { startCluster } from '../support/redis-cluster.ts';
import { waitFor } from '../support/wait.ts';
import { startSharedRedis } from './support.ts';

const STRING = 'nchan_subscriber_info_string "SERVER $nchan_subscriber_type $nchan_channel_id $arg_x.";';
const EVENT =
  'nchan_channel_events_channel_id $1; nchan_channel_event_string "SERVER $nchan_channel_event $nchan_channel_id";';

/** The inside of a server block; `name` is told with everything that the server tells. */
const locations = (name: string, directives = ''): string =>
  Object.entries({
    pub: `nchan_publisher; nchan_channel_id $1; ${EVENT}`,
    sub: `nchan_subscriber; nchan_channel_id $1; ${STRING} ${EVENT}`,
    poll: `nchan_subscriber poll; nchan_channel_id $1;`,
    quiet: 'nchan_publisher; nchan_channel_id $1;',
    two: `nchan_subscriber; nchan_channel_id $1-1 $1-2; ${STRING}`,
    who: 'nchan_subscriber_info; nchan_channel_id $1;',
    meta: 'nchan_subscriber http-raw-stream; nchan_channel_group meta; nchan_channel_id $1;',
    stored: 'nchan_publisher; nchan_channel_group meta; nchan_channel_id $1;',
  })
    .map(([path, what]) => `location ~ ^/${path}/(.*)$ { ${what} nchan_redis_pass redis; ${directives} }`)
    .join('\n')
    .replaceAll('SERVER', name);

interface Server {
  readonly name: string;
  readonly port: number;
}

async function ready(name: string, { port }: { port: number }): Promise<Server> {
  await waitFor('the upstream', async () => (await request(port, 'GET', '/quiet/x')).status === 404);
  return { name, port };
}

const upstream = (urls: readonly string[]): string =>
  `upstream redis { ${urls.map((url) => `nchan_redis_server ${url};`).join(' ')} } nchan_redis_fakesub_timer_interval 0;`;

const startOurs = async (name: string, urls: readonly string[], directives = ''): Promise<Server> =>
  ready(
    name,
    await startNjchan({ config: (port) => nginxConf(port, locations(name, directives), upstream(urls)) }),
  );
const startTheirs = async (name: string, urls: readonly string[]): Promise<Server> =>
  ready(name, await startNchan(locations(name), upstream(urls)));

const open: RawConnection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) connection.destroy();
});

async function subscribe(port: number, target: string, accept = '*/*'): Promise<RawConnection> {
  const connection = await RawConnection.open(port);
  open.push(connection);
  connection.send(`GET ${target} HTTP/1.1\r\nHost: x\r\nAccept: ${accept}\r\n\r\n`);
  return connection;
}

/** A stream whose head has come. */
async function stream(port: number, target: string, accept?: string): Promise<RawConnection> {
  const connection = await subscribe(port, target, accept);
  await connection.readHead();
  return connection;
}

const line = async (connection: RawConnection): Promise<string> =>
  (await connection.readThrough('\n')).toString().trim();

/** So many lines, in alphabetical order. */
async function lines(connection: RawConnection, count: number): Promise<string[]> {
  const read: string[] = [];
  while (read.length < count) read.push(await line(connection));
  return read.sort();
}

let channels = 0;
const newChannel = (): string => `c${++channels}`;

describe('on one Redis', async () => {
  const redis = await startSharedRedis();
  const urls = [`redis://127.0.0.1:${redis.port}`];
  let one: Server;
  let two: Server;
  let nchan: Server;
  beforeAll(async () => {
    [one, two, nchan] = await Promise.all([
      startOurs('one', urls),
      startOurs('two', urls),
      startTheirs('nchan', urls),
    ]);
  });
  const pairs = (): readonly (readonly [Server, Server])[] => [
    [one, two],
    [one, nchan],
    [nchan, one],
  ];

  it.each([0, 1, 2])('events of one server are heard on another (%i)', async (at) => {
    const [from, to] = pairs()[at] as readonly [Server, Server];
    const channel = newChannel();
    const listener = await stream(to.port, `/meta/${channel}`);
    await waitFor('the listener to be counted', async () => {
      const { body } = await request(to.port, 'GET', `/stored/${channel}`);
      return body.toString().includes('active subscribers: 1');
    });
    const subscriber = await stream(from.port, `/sub/${channel}`, 'text/event-stream');
    expect(await line(listener)).toBe(`${from.name} subscriber_enqueue ${channel}`);
    await request(from.port, 'POST', `/pub/${channel}`, { body: 'x' });
    expect(await line(listener)).toBe(`${from.name} channel_publish ${channel}`);
    subscriber.destroy();
    expect(await line(listener)).toBe(`${from.name} subscriber_dequeue ${channel}`);
    await request(from.port, 'DELETE', `/pub/${channel}`);
    expect(await line(listener)).toBe(`${from.name} channel_delete ${channel}`);
  });

  it('events are stored as Nchan stores them', async () => {
    const client = await redis.connect();
    const channel = newChannel();
    await request(one.port, 'POST', `/pub/${channel}`, { body: 'x' });
    await waitFor('the event', async () => (await client.exists(`{channel:meta/${channel}}`)) === 1);
    const head = await client.hgetall(`{channel:meta/${channel}}`);
    expect(head).toMatchObject({ max_stored_messages: '100' });
    const message = `{channel:meta/${channel}}:msg:${head.current_message}`;
    expect(await client.hgetall(message)).toMatchObject({
      data: `one channel_publish ${channel}`,
      content_type: '',
      ttl: '10',
    });
  });

  it('whoever asks any server is told of the subscribers of all', async () => {
    const channel = newChannel();
    for (const { port, name } of [one, two, nchan]) {
      await stream(port, `/sub/${channel}?x=${name}-stream`, 'text/event-stream');
      await subscribe(port, `/sub/${channel}?x=${name}-poll`);
    }
    await untilSubscribers(one.port, `/quiet/${channel}`, 6);
    const all = ['nchan', 'one', 'two'].flatMap((name) => [
      `${name} eventsource ${channel} ${name}-stream.`,
      `${name} longpoll ${channel} ${name}-poll.`,
    ]);
    for (const { port } of [one, two, nchan]) {
      const asking = await stream(port, `/who/${channel}`);
      expect(await lines(asking, all.length)).toEqual(all);
    }
  });

  it('subscribers to several channels are told of on every server', async () => {
    const channel = newChannel();
    await stream(two.port, `/two/${channel}`, 'text/event-stream');
    await untilSubscribers(one.port, `/quiet/${channel}-2`, 1);
    const asking = await stream(one.port, `/who/${channel}-2`);
    expect(await line(asking)).toBe(`two eventsource ${channel}-1 .`);
  });

  it('requests have numbers of the counter that Nchan has', async () => {
    const client = await redis.connect();
    const before = Number(await client.get('nchan:unique_request_id'));
    await stream(one.port, `/who/${newChannel()}`);
    await stream(nchan.port, `/who/${newChannel()}`);
    expect(Number(await client.get('nchan:unique_request_id'))).toBe(before + 2);
  });

  it('nobody to tell of: the stream stays open and silent', async () => {
    const asking = await stream(one.port, `/who/${newChannel()}`);
    expect(asking.unread.length).toBe(0);
    expect(asking.closed).toBe(false);
  });
});

describe('where Redis stores no messages', async () => {
  const redis = await startSharedRedis();
  const urls = [`redis://127.0.0.1:${redis.port}`];

  it('subscribers are told of all the same', async () => {
    const mode = 'nchan_redis_storage_mode nostore;';
    const [one, two] = await Promise.all([startOurs('one', urls, mode), startOurs('two', urls, mode)]);
    const channel = newChannel();
    for (const { port } of [one, two]) await stream(port, `/sub/${channel}`, 'text/event-stream');
    await untilSubscribers(one.port, `/quiet/${channel}`, 2);
    const asking = await stream(one.port, `/who/${channel}`);
    expect(await lines(asking, 2)).toEqual([`one eventsource ${channel} .`, `two eventsource ${channel} .`]);
  });
});

describe('with a backup in Redis', async () => {
  const redis = await startSharedRedis();
  const urls = [`redis://127.0.0.1:${redis.port}`];

  it('a server tells of its own subscribers', async () => {
    const one = await startOurs('one', urls, 'nchan_redis_storage_mode backup;');
    const channel = newChannel();
    await stream(one.port, `/sub/${channel}`, 'text/event-stream');
    const asking = await stream(one.port, `/who/${channel}`);
    expect(await line(asking)).toBe(`one eventsource ${channel} .`);
  });
});

describe('on a cluster', () => {
  it('every server tells of its subscribers once, and events are heard', async () => {
    const cluster = await startCluster(3);
    const urls = cluster.servers.map((server) => `redis://127.0.0.1:${server.port}`);
    const [one, two, nchan] = await Promise.all([
      startOurs('one', urls),
      startOurs('two', urls),
      startTheirs('nchan', urls),
    ]);
    for (let i = 0; i < 4; i++) {
      const channel = newChannel();
      const listener = await stream(two.port, `/meta/${channel}`);
      await untilSubscribers(two.port, `/stored/${channel}`, 1);
      for (const { port } of [one, two, nchan]) {
        await stream(port, `/sub/${channel}`, 'text/event-stream');
      }
      expect(await lines(listener, 3)).toEqual(
        ['nchan', 'one', 'two'].map((name) => `${name} subscriber_enqueue ${channel}`),
      );
      await untilSubscribers(one.port, `/quiet/${channel}`, 3);
      const asking = await stream(one.port, `/who/${channel}`);
      const told = ['nchan', 'one', 'two'].map((name) => `${name} eventsource ${channel} .`);
      expect(await lines(asking, 3)).toEqual(told);
      // What comes twice would come before the answers to another.
      const again = await stream(two.port, `/who/${channel}`);
      expect(await lines(again, 3)).toEqual(told);
      expect(asking.unread.toString()).toBe('');
    }
  });
});
