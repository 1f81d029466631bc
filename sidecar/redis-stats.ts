/** `nchan_redis_upstream_stats`: what the commands to each server of an upstream took, laid out as by Nchan (spec/hooks.md §9). */
import type { Reply } from './reply.ts';
import type { LinkStats, ServerStats } from './store/redis/link.ts';

/** Nchan's names in its order, and which of our scripts and commands they stand for; the last one has all the others. */
const TOTALS: readonly (readonly [nchan: string, ours: readonly string[]])[] = [
  ['connect', ['connect']],
  ['pubsub_subscribe', ['subscribe', 'ssubscribe']],
  ['pubsub_unsubsribe', ['unsubscribe', 'sunsubscribe']],
  ['channel_change_subscriber_count', ['add_fakesub']],
  ['channel_delete', ['delete']],
  ['channel_find', ['find_channel']],
  ['channel_get_message', ['get_message', 'get_messages', 'nth_message']],
  ['channel_get_large_message', ['get_message_from_key']],
  ['channel_publish_message', ['publish', 'publish_nostore']],
  ['channel_request_subscriber_info', ['request_subscriber_info']],
  ['channel_get_subscriber_info_id', ['get_subscriber_info_id']],
  ['channel_subscribe', ['subscriber_register']],
  ['channel_unsubscribe', ['subscriber_unregister']],
  ['channel_keepalive', ['channel_keepalive']],
  ['cluster_check', ['cluster']],
  ['cluster_recover', []],
  ['other', []],
];
const OTHER = 'other';
const NAMED: ReadonlySet<string> = new Set(TOTALS.flatMap(([, ours]) => ours));

/** Names after which Nchan puts blanks. */
const PADDED: ReadonlySet<string> = new Set(['connect', OTHER]);
const PADDED_WIDTH = 13;

/**
 * The answer to a request for an upstream's figures.
 * @param stats 'off' where commands are not counted, undefined when there is no such upstream.
 */
export function redisStatsReply(upstream: string, stats: LinkStats | 'off' | undefined): Reply {
  if (stats === undefined) return notFound(`Redis upstream "${upstream}" not found`);
  if (stats === 'off') return notFound(`Redis upstream "${upstream}" has no stats: they are disabled`);
  return { status: 200, headers: [['Content-Type', 'application/json']], body: describe(upstream, stats) };
}

function notFound(body: string): Reply {
  return { status: 404, headers: [['Content-Type', 'text/plain']], body };
}

function describe(upstream: string, { servers }: LinkStats): string {
  const nodes = servers.map(describeServer).join(',\n');
  return `{\n  "upstream": ${JSON.stringify(upstream)},\n  "nodes": [\n${nodes}\n  ]\n}\n`;
}

function describeServer({ url, id, commands }: ServerStats): string {
  const totals = TOTALS.map(([name, ours]) => {
    const names = name === OTHER ? Object.keys(commands).filter((command) => !NAMED.has(command)) : ours;
    return describeTotal(name, names, commands);
  });
  return `    {
      "address"        : ${JSON.stringify(addressOf(url))},
      "id"             : ${JSON.stringify(id)},
      "command_totals" : {
${totals.join(',\n')}
      }
    }`;
}

function describeTotal(name: string, ours: readonly string[], commands: ServerStats['commands']): string {
  const counts = ours.flatMap((command) => commands[command] ?? []);
  const times = counts.reduce((sum, { calls }) => sum + calls, 0);
  const microseconds = counts.reduce((sum, count) => sum + count.microseconds, 0);
  const key = `"${name}"`.padEnd(PADDED.has(name) ? PADDED_WIDTH : 0);
  return `        ${key}: {
          "msec"     : ${Math.round(microseconds / 1000)},
          "times"    : ${times}
        }`;
}

/** `host:port`, or the path of a socket. */
function addressOf(url: string): string {
  const [scheme, place = ''] = url.split('://');
  return scheme === 'unix' ? place.replace(/\?.*/, '') : place.replace(/\/.*/, '');
}
