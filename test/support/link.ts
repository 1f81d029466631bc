/** Opens links to Redis and records what they tell. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import type { RedisUpstream } from '../../handoff/redis.ts';
import type { Script } from '../../lua/hsss/script.ts';
import { splinter } from '../../lua/hsss/splinter.ts';
import { createLink } from '../../sidecar/store/redis/create-link.ts';
import type { RedisLink } from '../../sidecar/store/redis/link.ts';
import { atEnd } from './cleanup.ts';
import { REPOSITORY } from './files.ts';
import { Inbox } from './inbox.ts';
import type { RedisServer } from './redis.ts';
import { waitFor } from './wait.ts';

const LUA = join(REPOSITORY, 'lua');

let shipped: Script[] | undefined;

/** The scripts that njchan ships. */
export function shippedScripts(): Script[] {
  shipped ??= splinter(
    readdirSync(LUA)
      .filter((name) => name.endsWith('.lua'))
      .map((name) => join(LUA, name)),
  );
  return shipped;
}

/** One of them. */
export function shippedScript(name: string): Script {
  const script = shippedScripts().find((one) => one.name === name);
  if (!script) throw new Error(`there is no lua/${name}.lua`);
  return script;
}

/** An upstream with Nchan's defaults (spec/directives.md §12), but quick to reconnect and to notice. */
export function upstreamOf(urls: readonly string[], overrides: Partial<RedisUpstream> = {}): RedisUpstream {
  return {
    servers: urls.map((url) => ({ url })),
    username: '',
    password: '',
    tls: undefined,
    connectTimeoutMs: 10_000,
    clusterConnectTimeoutMs: 15_000,
    clusterMaxFailingTimeMs: 30_000,
    commandTimeoutMs: 5_000,
    retryCommands: true,
    retryCommandsMaxWaitMs: 10_000,
    reconnectDelay: { minMs: 20, jitter: 0.1, backoff: 0.5, maxMs: 200 },
    clusterCheckInterval: { minMs: 1_000, jitter: 0.2, backoff: 2, maxMs: 30_000 },
    clusterRecoveryDelay: { minMs: 50, jitter: 0.5, backoff: 0.5, maxMs: 200 },
    idleChannelKeepalive: { minMs: 600_000, jitter: 1, backoff: 1, maxMs: 604_800_000 },
    idleChannelKeepaliveMarginMs: 60_000,
    accurateSubscriberCount: false,
    loadScriptsUnconditionally: false,
    subscribeWeights: { master: 1, slave: 1 },
    discoveredIpRangeBlacklist: [],
    pingIntervalSeconds: 0,
    stats: true,
    statsDisconnectedTimeoutSeconds: 300,
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
