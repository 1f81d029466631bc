/** The operations that are compared, by name. */
import fc from 'fast-check';
import type { Reply } from '../support/scripts.ts';
import { about, element, nchan, njchan, type Operation, operation, type Situation } from './operation.ts';

/** Workers that say how many subscribers they have; the first one listens on its own PUBSUB channel. */
export const WORKERS = ['nchan_worker:{alive}', 'nchan_worker:{dead}'] as const;

/** Bytes of data from which on Nchan announces a message by its key. */
const CUTOFF = 5120;
const SECOND_MS = 1000;

const accurate = fc.constantFrom(0, 1);
const text = (number: number) => String(Math.max(number, 0));

/** Nchan's reply for figures of a channel, as ours has them. */
function figures(id: Reply, count: Reply, subscribers: Reply, lastSeen: Reply): Reply {
  return [id, count, text(Number(subscribers)), lastSeen === '0' ? '-1' : lastSeen];
}

const data = fc.oneof(
  { weight: 3, arbitrary: fc.string({ unit: 'binary-ascii', maxLength: 8 }) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => String.fromCharCode(...bytes)) },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(0, 1, 255, 256, CUTOFF - 1, CUTOFF, CUTOFF + 1, 70_000)
      .map((size) => 'x'.repeat(size)),
  },
);

const publish = operation({
  parameters: fc.record({
    data,
    contentType: fc.constantFrom('', 'text/plain', 'application/json; charset=utf-8'),
    event: fc.constantFrom('', 'ev', 'a longer name of an event than fits into a fixstr'),
    compression: fc.constantFrom(0, 1),
    ttl: fc.constantFrom(0, 1, 10, 60, 3600),
    maxMessages: fc.constantFrom(0, 1, 2, 3, 10, -1),
    cutoff: fc.constantFrom(CUTOFF, CUTOFF, CUTOFF, 0, 4),
    accurate,
  }),
  theirs: (p, at) =>
    nchan(
      'publish',
      at,
      p.data,
      p.contentType,
      p.event,
      p.compression,
      p.ttl,
      p.maxMessages,
      p.cutoff,
      'PUBLISH',
      p.accurate,
    ),
  ours: (p, at) =>
    njchan('publish', at, {
      data: p.data,
      content_type: p.contentType,
      eventsource_event: p.event,
      compression: p.compression,
      ttl: p.ttl,
      max_messages: p.maxMessages,
      cutoff: p.cutoff,
      publish_command: 'PUBLISH',
      accurate: p.accurate,
    }),
  expected: (theirs, _ours, _p, { lateEntries }) => {
    const message = element(theirs, 0);
    const count = String(Number(element(message, 4)) + lateEntries);
    return figures(element(message, 3), count, element(message, 2), element(message, 1));
  },
});

const remove = operation({
  parameters: fc.record({ accurate }),
  theirs: (p, at) => nchan('delete', at, 'PUBLISH', p.accurate),
  ours: (p, at) =>
    njchan('delete', at, { id: at.channel.id, publish_command: 'PUBLISH', accurate: p.accurate }),
  expected: (theirs, ours) => {
    if (!theirs) return theirs;
    // Nchan counts entries of expired messages, too.
    const count = Math.min(Number(element(theirs, 4)), Number(element(ours, 1)));
    return figures(element(theirs, 3), String(count), element(theirs, 2), element(theirs, 1));
  },
});

const find = operation({
  parameters: fc.record({ accurate }),
  theirs: (p, at) => nchan('find_channel', at, p.accurate),
  ours: (p, at) => njchan('find_channel', at, { accurate: p.accurate }),
  expected: (theirs, ours, { accurate }) => {
    if (!theirs) return theirs;
    // Nchan 1.3.6 does not count accurately here, 1.3.7 does.
    const subscribers = accurate ? element(ours, 2) : element(theirs, 2);
    return figures(element(theirs, 3), element(theirs, 4), subscribers, element(theirs, 1));
  },
});

/** An id to read from: the number of a published one, counted from the newest, or another one. */
const position = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 12 }) },
  { weight: 2, arbitrary: fc.constant('0:0') },
);

function idAt(at: Situation, where: number | string): readonly [string, string] {
  const id = typeof where === 'string' ? where : (at.published.at(-1 - where) ?? '0:0');
  const [time = '', tag = ''] = id.split(':');
  return [time, tag];
}

/** The time and tag of the message before, which Nchan leaves empty where that one has expired. */
function withPredecessor([time, tag, previousTime, previousTag, ...rest]: readonly Reply[]): Reply[] {
  return [time ?? null, tag ?? null, previousTime || '0', previousTag || '0', ...rest];
}

const read = operation({
  parameters: fc.record({ where: position }),
  theirs: (p, at) => nchan('get_message', at, ...idAt(at, p.where), 'FILO', 0),
  ours: (p, at) => {
    const [time, tag] = idAt(at, p.where);
    return njchan('get_message', at, { time, tag, present: 1 });
  },
  expected: (theirs, ours, _p, after) => {
    if (element(theirs, 0) === '404') return after.head ? ours : ['404'];
    if (element(theirs, 0) !== '200') return ['418'];
    // Nchan's has the number of subscribers at its end, which nobody reads.
    const [, ttl, ...rest] = (theirs as Reply[]).slice(0, 10);
    return ['200', about(ttl, element(ours, 1), 1), ...withPredecessor(rest)];
  },
});

const readByKey = operation({
  parameters: fc.record({ where: position }),
  theirs: (p, at) => ({
    script: 'get_message_from_key',
    keys: [`${at.channel.key}:msg:${idAt(at, p.where).join(':')}`],
    args: [],
  }),
  ours: (p, at) => ({
    script: 'get_message_from_key',
    keys: { message: `${at.channel.key}:msg:${idAt(at, p.where).join(':')}` },
  }),
  expected: (theirs, ours) => {
    const [ttl, ...rest] = theirs as Reply[];
    return ttl === '-2' ? null : [about(ttl, element(ours, 0), 1), ...withPredecessor(rest)];
  },
});

const register = operation({
  parameters: fc.record({
    known: fc.boolean(),
    ttl: fc.constantFrom(1000, 60_000, 700_000),
    margin: fc.constantFrom(0, 1000, 60_000),
    time: fc.constantFrom(1, 1_800_000_000),
  }),
  // Nchan's script may have taken back what ours knows to be there.
  comparable: (p, at) => registrant(p, at)[1] === '-' || Number(at.head?.subscribers ?? 0) > 0,
  theirs: (p, at) => nchan('subscriber_register', at, registrant(p, at)[1], p.ttl, p.margin, p.time, 1),
  ours: (p, at) =>
    njchan('subscriber_register', at, {
      server: registrant(p, at)[0],
      subscriber_id: registrant(p, at)[1],
      ttl_ms: p.ttl,
      margin_ms: p.margin,
      time: p.time,
    }),
  expected: (theirs, ours) => [element(theirs, 0), element(theirs, 1), element(ours, 2)],
});

/** A server, and the id of its registration: one that has one where there is any and it is wanted, else another. */
function registrant({ known }: { known: boolean }, at: Situation): readonly [string, string] {
  const [earlier] = at.registered;
  return known && earlier ? earlier : [`server-${at.head?.last_subscriber_id ?? 0}`, '-'];
}

const unregister = operation({
  parameters: fc.record({ emptyTtl: fc.constantFrom(5, 30) }),
  comparable: (_p, at) => !at.head || (Number(at.head.subscribers ?? 0) > 0 && at.registered.size > 0),
  theirs: (p, at) => nchan('subscriber_unregister', at, 0, p.emptyTtl),
  ours: (p, at) => {
    const [[server, id] = ['nobody', 1]] = at.registered;
    return njchan('subscriber_unregister', at, { server, subscriber_id: id, empty_ttl: p.emptyTtl });
  },
  expected: (theirs) => element(theirs, 1),
});

const keepalive = operation({
  parameters: fc.record({
    ttl: fc.constantFrom(1000, 60_000, 7_000_000),
    margin: fc.constantFrom(0, 1000, 60_000),
  }),
  comparable: (_p, at) => at.registered.size > 0 || Number(at.head?.subscribers ?? 0) <= 0,
  theirs: (p, at) => nchan('channel_keepalive', at, p.ttl, p.margin),
  ours: (p, at) => {
    const [[server] = ['nobody']] = at.registered;
    return njchan('channel_keepalive', at, { server, ttl_ms: p.ttl, margin_ms: p.margin });
  },
  expected: (theirs, ours) => about(theirs, ours, SECOND_MS),
});

/** As the script takes a difference. */
const signed = (delta: number) => (delta < 0 ? String(delta) : `+${delta}`);

const addSubscribers = operation({
  parameters: fc.record({
    delta: fc.integer({ min: -3, max: 3 }),
    time: fc.constantFrom(1, 1_800_000_000),
    worker: fc.constantFrom(...WORKERS),
  }),
  comparable: (p, at) =>
    [at.head?.fake_subscribers, at.counts[p.worker]].every((count) => Number(count ?? 0) + p.delta >= 0),
  theirs: (p, at) => nchan('add_fakesub', at, p.delta, p.time, p.worker),
  ours: (p, at) => njchan('add_fakesub', at, { clients: signed(p.delta), time: p.time, worker: p.worker }),
  expected: (_theirs, _ours, _p, after) => after.head?.fake_subscribers ?? '0',
});

const requestInfo = operation({
  parameters: fc.record({ request: fc.constantFrom(0, 1, 127, 128, 70_000) }),
  theirs: (p, at) => nchan('request_subscriber_info', at, p.request),
  ours: (p, at) => njchan('request_subscriber_info', at, { request: p.request, publish_command: 'PUBLISH' }),
  expected: (_theirs, ours) => ours,
});

const COUNTER = 'nchan:unique_request_id';

const infoId = operation({
  parameters: fc.record({}),
  theirs: () => ({ script: 'get_subscriber_info_id', keys: [COUNTER], args: [] }),
  ours: () => ({ script: 'get_subscriber_info_id', keys: { counter: COUNTER } }),
  expected: (theirs) => theirs,
});

export const OPERATIONS = {
  publish,
  delete: remove,
  find_channel: find,
  get_message: read,
  get_message_from_key: readByKey,
  subscriber_register: register,
  subscriber_unregister: unregister,
  channel_keepalive: keepalive,
  add_fakesub: addSubscribers,
  request_subscriber_info: requestInfo,
  get_subscriber_info_id: infoId,
} satisfies Record<string, Operation<unknown>>;

export type OperationName = keyof typeof OPERATIONS;
