/** `nchan_stub_status`: Nchan's figures in its own words (spec/hooks.md §8), and the same for Nchan's variables (§10). */
import { NCHAN_VERSION, type StubFigures } from '../../handoff/nchan-variables.ts';
import type { SidecarLimits } from '../config.ts';
import { negotiateFormat } from '../publisher/channel-info.ts';
import type { Reply } from '../reply.ts';
import type { Stores } from '../store/stores.ts';
import { statistics } from './statistics.ts';

/** What the figures are taken from. */
export interface StubSource {
  readonly stores: Stores;
  readonly limits: () => SidecarLimits;
}

const KIB = 1024;

/** The figures as they are now. Those of Nchan's own processes talking to each other are 0: there are none here. */
export function stubFigures({ stores }: Pick<StubSource, 'stores'>): StubFigures {
  const { channels, lists, messages, bytes } = stores.size();
  const redis = { pending: 0, connected: 0, unhealthy: 0, sent: 0 };
  for (const { servers, waiting, totals, available } of stores.linkStats().values()) {
    redis.pending += waiting;
    redis.sent += totals.sent;
    if (!available) redis.unhealthy += 1;
    for (const server of servers) {
      redis.pending += server.pendingCommands;
      if (server.connected) redis.connected += 1;
    }
  }
  return {
    total_published_messages: statistics.publishedMessages,
    stored_messages: messages,
    shared_memory_used: `${Math.ceil(bytes / KIB)}K`,
    channels: channels + lists,
    subscribers: statistics.subscriberCount,
    redis_pending_commands: redis.pending,
    redis_connected_servers: redis.connected,
    redis_unhealthy_upstreams: redis.unhealthy,
    total_redis_commands_sent: redis.sent,
    total_ipc_alerts_sent: 0,
    total_ipc_alerts_received: 0,
    ipc_alerts_in_transit: 0,
    ipc_queued_alerts: 0,
    total_ipc_send_delay: 0,
    total_ipc_receive_delay: 0,
  };
}

/** The answer to any request, as JSON if Accept says so, else as Nchan writes it. */
export function stubStatusReply(source: StubSource, accept: string | undefined): Reply {
  const figures = stubFigures(source);
  const limit = `${Math.floor(source.limits().storeBytes / KIB)}K`;
  if (negotiateFormat(accept) === 'json') {
    const all = { ...figures, shared_memory_limit: limit, nchan_version: NCHAN_VERSION };
    return reply('application/json', `${JSON.stringify(all, undefined, 2)}\n`);
  }
  return reply('text/plain', stubText(figures, limit));
}

function reply(contentType: string, body: string): Reply {
  return { status: 200, headers: [['Content-Type', contentType]], body };
}

function stubText(figures: StubFigures, limit: string): string {
  return `total published messages: ${figures.total_published_messages}
stored messages: ${figures.stored_messages}
shared memory used: ${figures.shared_memory_used}
shared memory limit: ${limit}
channels: ${figures.channels}
subscribers: ${figures.subscribers}
redis pending commands: ${figures.redis_pending_commands}
redis connected servers: ${figures.redis_connected_servers}
redis unhealthy upstreams: ${figures.redis_unhealthy_upstreams}
total redis commands sent: ${figures.total_redis_commands_sent}
total interprocess alerts received: ${figures.total_ipc_alerts_received}
interprocess alerts in transit: ${figures.ipc_alerts_in_transit}
interprocess queued alerts: ${figures.ipc_queued_alerts}
total interprocess send delay: ${figures.total_ipc_send_delay}
total interprocess receive delay: ${figures.total_ipc_receive_delay}
nchan version: ${NCHAN_VERSION}
`;
}
