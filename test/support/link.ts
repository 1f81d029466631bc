/** Opens links to Redis and records what they tell. */
import { pino } from 'pino';
import type { RedisUpstream } from '../../handoff/redis.ts';
import type { Script } from '../../lua/hsss/script.ts';
import { createLink } from '../../sidecar/store/redis/create-link.ts';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import { atEnd } from './cleanup.ts';
import { Inbox } from './inbox.ts';
import type { RedisServer } from './redis.ts';
import { UPSTREAM_DEFAULTS } from './redis-upstream.ts';
import { shippedScripts } from './shipped-scripts.ts';
import { waitFor } from './wait.ts';

/** An upstream with the defaults, but quick to reconnect and to notice, and patient; it keeps figures and never pings. */
export function upstreamOf(urls: readonly string[], overrides: Partial<RedisUpstream> = {}): RedisUpstream {
  return {
    ...UPSTREAM_DEFAULTS,
    servers: urls.map((url) => ({ url })),
    retryCommandsMaxWaitMs: 10_000,
    reconnectDelay: { ...UPSTREAM_DEFAULTS.reconnectDelay, minMs: 20, maxMs: 200 },
    clusterRecoveryDelay: { ...UPSTREAM_DEFAULTS.clusterRecoveryDelay, minMs: 50, maxMs: 200 },
    pingIntervalSeconds: 0,
    stats: true,
    ...overrides,
  };
}

/** The URL of a test's server: of its port when it has one, else of its socket. */
export function urlOf(server: RedisServer): string {
  return server.port > 0 ? `redis://127.0.0.1:${server.port}` : `unix://${server.socket}`;
}

export interface RecordedAnnouncement {
  readonly channel: string;
  readonly announcement: string;
}

export interface RecordedLink {
  readonly link: RedisLink;
  /** Messages of the log, with their levels: `warn: …`. */
  readonly log: readonly string[];
  /** `available`, and `unavailable: …` with the reason. */
  readonly states: Inbox<string>;
  readonly announced: Inbox<RecordedAnnouncement>;
  /** Channels, as they were confirmed. */
  readonly listening: Inbox<string>;
  /** Waits for a line of the log that matches, and gives it. */
  logged(pattern: RegExp): Promise<string>;
}

/** Opens a link, which is closed after the test file. */
export function openLink(
  upstream: RedisUpstream,
  scripts: readonly Script[] = shippedScripts(),
): RecordedLink {
  const log: string[] = [];
  const logger = pino(
    { level: 'debug' },
    {
      write(line: string) {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        log.push(`${pino.levels.labels[level]}: ${msg}`);
      },
    },
  );
  const states = new Inbox<string>('the link to become available, or not');
  const announced = new Inbox<RecordedAnnouncement>('an announcement');
  const listening = new Inbox<string>('a subscription');
  const link = createLink(upstream, scripts, logger, {
    available: () => states.push('available'),
    unavailable: (why) => states.push(`unavailable: ${why.message}`),
    announced: (channel, announcement) => {
      announced.push({ channel: String(channel), announcement: String(announcement) });
    },
    listening: (channel) => listening.push(String(channel)),
  });
  atEnd(() => link.close());
  return {
    link,
    log,
    states,
    announced,
    listening,
    logged: (pattern) =>
      waitFor(`${pattern} in the log:\n${log.join('\n')}`, () => log.find((line) => pattern.test(line))),
  };
}

/** Opens a link and waits until it is available. */
export async function openAvailableLink(
  upstream: RedisUpstream,
  scripts?: readonly Script[],
): Promise<RecordedLink> {
  const opened = openLink(upstream, scripts);
  const state = await opened.states.next().catch((error: unknown) => {
    throw new Error(`it said:\n${opened.log.join('\n')}`, { cause: error });
  });
  if (state !== 'available') throw new Error(`expected it to be available, but ${state}`);
  return opened;
}

/** Replies with bytes as text, for comparing. */
export function readable(reply: unknown): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString('latin1');
  return Array.isArray(reply) ? reply.map(readable) : reply;
}
