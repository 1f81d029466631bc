/** The directive table, and what a level of the configuration takes from it. */
import { ACCESS } from './access.ts';
import { BENCHMARK } from './benchmark.ts';
import { CHANNEL_ID } from './channel-id.ts';
import { ENDPOINTS } from './endpoints.ts';
import { EVENTS } from './events.ts';
import { EVENTSOURCE } from './eventsource.ts';
import { FIGURES } from './figures.ts';
import { GROUPS } from './groups.ts';
import { HOOKS } from './hooks.ts';
import { MEMORY } from './memory.ts';
import { MESSAGES } from './messages.ts';
import { OBSOLETES } from './obsolete.ts';
import { REDIS } from './redis.ts';
import { REDIS_TIMING } from './redis-timing.ts';
import { REDIS_UPSTREAM } from './redis-upstream.ts';
import type { Row, SlotName, Values } from './row.ts';
import { SUBSCRIBER } from './subscriber.ts';
import { TOKENS } from './token.ts';
import { WEBSOCKET } from './websocket.ts';

/** Every directive that is read, by the sections of docs/directives.md and in their order. */
export const DIRECTIVE_TABLES: Readonly<Record<string, readonly Row[]>> = {
  'Publishers and subscribers': ENDPOINTS,
  Channels: CHANNEL_ID,
  'Channel groups': GROUPS,
  Messages: [...MESSAGES, ...MEMORY],
  Subscribers: SUBSCRIBER,
  WebSocket: WEBSOCKET,
  EventSource: EVENTSOURCE,
  Access: ACCESS,
  Hooks: HOOKS,
  'Channel events and subscriber information': EVENTS,
  Tokens: TOKENS,
  Operation: FIGURES,
  Redis: REDIS,
  'Redis upstreams': [...REDIS_UPSTREAM, ...REDIS_TIMING],
  'Without effect': [...OBSOLETES, ...BENCHMARK],
};
export const DIRECTIVES: readonly Row[] = Object.values(DIRECTIVE_TABLES).flat();

const BY_NAME: ReadonlyMap<string, Row> = new Map(
  DIRECTIVES.flatMap((row) => row.names.map((name) => [name, row] as const)),
);

/** Makes arguments of a directive fit to be seen; undefined when they always are. */
export function concealer(name: string): ((text: string) => string) | undefined {
  return BY_NAME.get(name)?.conceal;
}

/** What is known about a name: its row, or that it only looks like one of ours. */
export type Lookup = Row | 'unknown' | undefined;

/** Finds a directive; undefined for those that are none of ours. */
export function findDirective(name: string): Lookup {
  const row = BY_NAME.get(name);
  if (row) return row;
  return /^(?:njchan|nchan|push)_/.test(name) ? 'unknown' : undefined;
}

type Merge = (own: unknown, outer: unknown) => unknown;

/** Slots whose levels are not simply the nearest that has a value. */
const MERGES: ReadonlyMap<SlotName, Merge> = new Map(
  DIRECTIVES.flatMap(({ slot, inherit }) =>
    inherit === 'nearest' ? [] : [[slot, inherit as Merge] as const],
  ),
);

/** What is in force at a level: its own values and those of the levels around it. */
export function inherit(own: Values, outer: Values): Values {
  const values: Record<string, unknown> = { ...outer, ...own };
  for (const [slot, merge] of MERGES) {
    if (own[slot] !== undefined && outer[slot] !== undefined) values[slot] = merge(own[slot], outer[slot]);
  }
  return values as Values;
}
