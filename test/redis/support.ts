/** Locations of njchan and of the real Nchan that keep their channels in one Redis. */
import { startNchan } from '../conformance/nchan.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

/** A Redis that also listens on a port, for Nchan. */
export async function startSharedRedis(): Promise<RedisServer> {
  return startRedis({ port: await freePort() });
}

/** What a location can be, beside what keeps it in Redis. */
const LOCATIONS: Readonly<Record<string, string>> = {
  pub: 'nchan_publisher; nchan_message_buffer_length 10;',
  'pub-short': 'nchan_publisher; nchan_message_buffer_length 3;',
  'pub-none': 'nchan_publisher; nchan_message_buffer_length 0;',
  sub: 'nchan_subscriber;',
  'sub-new': 'nchan_subscriber; nchan_subscriber_first_message newest;',
  poll: 'nchan_subscriber intervalpoll;',
  'pub-brief': 'nchan_publisher; nchan_message_timeout 1s;',
  'poll-second': 'nchan_subscriber intervalpoll; nchan_subscriber_first_message 2;',
  'poll-last': 'nchan_subscriber intervalpoll; nchan_subscriber_first_message -1;',
  'poll-newest': 'nchan_subscriber intervalpoll; nchan_subscriber_first_message newest;',
  'pub-deflate': 'nchan_publisher; nchan_deflate_message_for_websocket on;',
};

/** The inside of a server block. `directives` go into each location. */
export function redisLocations(directives: string): string {
  const blocks = Object.entries(LOCATIONS).map(
    ([name, what]) =>
      `location ~ ^/${name}/(.+)$ { ${what} nchan_channel_id $1; nchan_channel_id_split_delimiter ","; nchan_channel_group test; nchan_redis_pass redis; ${directives} }`,
  );
  return blocks.join('\n        ');
}

/** An upstream block for the server. `directives` go into it. */
export function redisUpstream(url: string, directives = ''): string {
  return `upstream redis { nchan_redis_server ${url}; ${directives} }`;
}

export interface NodeOptions {
  /** For the upstream block. */
  readonly upstream?: string;
  /** For each location. */
  readonly location?: string;
  /** For the http block. */
  readonly http?: string;
}

/** A whole njchan on the Redis. */
export async function startNode(url: string, { upstream = '', location = '', http = '' }: NodeOptions = {}) {
  const node = await startNjchan({
    config: (port: number) => nginxConf(port, redisLocations(location), redisUpstream(url, upstream) + http),
  });
  await waitFor('the upstream', async () => (await request(node.port, 'GET', '/poll/x')).status !== 503);
  return node;
}

/** The real Nchan on the Redis. */
export async function startNchanNode(
  url: string,
  { upstream = '', location = '', http = '' }: NodeOptions = {},
) {
  const node = await startNchan(redisLocations(location), redisUpstream(url, upstream) + http);
  await waitFor('the upstream', async () => (await request(node.port, 'GET', '/pub/x')).status !== 503);
  return node;
}
