/** Whole njchans on one Redis, whose channels keep everything that a test publishes. */
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

/** More than any test publishes to one channel. */
export const BUFFER_LENGTH = 10_000;

/** Clients of one node; each counts twice. */
const CONNECTIONS = 8192;

export interface ChaosNodeOptions {
  /** Into the upstream block. */
  readonly upstream?: string;
  /** Into each location. */
  readonly location?: string;
  /** Does not wait until the Redis serves. */
  readonly lame?: boolean;
}

const ID =
  'nchan_channel_id $1; nchan_channel_id_split_delimiter ","; nchan_channel_group test; nchan_redis_pass redis;';

/** The inside of the server block: a location for each transport of test/properties/transports.ts. */
function locations(directives: string): string {
  return `
        keepalive_requests 1000000;
        location ~ ^/sub/(.+)$ { nchan_subscriber; ${ID} ${directives} }
        location ~ ^/longpoll/(.+)$ { nchan_subscriber longpoll; ${ID} ${directives} }
        location ~ ^/intervalpoll/(.+)$ { nchan_subscriber intervalpoll; ${ID} ${directives} }
        location ~ ^/pub/(.+)$ { nchan_publisher; nchan_message_buffer_length ${BUFFER_LENGTH}; ${ID} ${directives} }`;
}

/**
 * Starts a node on the servers of an upstream.
 * @param urls as in nchan_redis_server
 */
export async function startChaosNode(
  urls: readonly string[],
  { upstream = '', location = '', lame = false }: ChaosNodeOptions = {},
): Promise<Njchan> {
  const servers = urls.map((url) => `nchan_redis_server ${url};`).join(' ');
  const node = await startNjchan({
    config: (port) =>
      nginxConf(port, locations(location), `upstream redis { ${servers} ${upstream} }`, CONNECTIONS),
  });
  if (!lame) await untilServing(node);
  return node;
}

/** Waits until a node serves channels. */
export async function untilServing({ port }: { port: number }): Promise<void> {
  await waitFor('the upstream', async () => (await request(port, 'GET', '/pub/none')).status === 404, 30_000);
}

/** What the log of a node must never say, whatever happens. */
const WRONG = /unhandled|uncaught|TypeError|ReferenceError|RangeError|sidecar ended with code|fatal/i;

/** Lines of a node's log that tell of a mistake in the program. */
export function mistakes(node: Njchan): string[] {
  return linesOf(node, WRONG);
}

/** Lines of a node's log that match. */
export function linesOf(node: Njchan, pattern: RegExp): string[] {
  return node
    .output()
    .split('\n')
    .filter((line) => pattern.test(line));
}
