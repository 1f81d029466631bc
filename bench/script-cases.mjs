/** What the scripts are measured at: calls that do the same by Nchan's script and by njchan's. */

/** A second in the year 2100: ids of messages with a predecessor of then do not depend on the clock. */
const THEN = 4_102_444_800;
const WORKER = 'nchan_worker:{bench}';
const LONG_AGO = 1_700_000_000;
const TTL_SECONDS = 3600;

/** @param {string} id */
export const keyOf = (id) => `{channel:${id}}`;

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {string} script Nchan's name of it; njchan's is the same
 * @property {string[][]} [before] commands before the calls, with `KEY` for the channel's key
 * @property {string[][]} [each] commands before each call
 * @property {(id: string) => [keys: string[], args: (string | number)[]]} nchan
 * @property {(id: string) => [keys: string[], args: (string | number)[]]} njchan
 * @property {boolean} [subscriber] somebody listens to the channel's announcements
 * @property {boolean} [spread] every call goes to a channel of its own
 */

/** A message as both leave it. */
function message(time, tag, count, bytes) {
  const fields = {
    id: `${THEN}:${tag}`,
    time: THEN,
    tag,
    prev_time: THEN,
    prev_tag: tag - 1,
    compression: 0,
  };
  const content = { data: 'x'.repeat(bytes), content_type: '', eventsource_event: '', ttl: TTL_SECONDS };
  const links = { prev: `${time}:${tag - 1}`, ...(tag < count - 1 ? { next: `${time}:${tag + 1}` } : {}) };
  const key = `KEY:msg:${time}:${tag}`;
  return [
    [
      'HSET',
      key,
      ...Object.entries({ ...fields, ...content, ...links })
        .flat()
        .map(String),
    ],
    ['EXPIRE', key, String(TTL_SECONDS)],
  ];
}

/** A channel with so many messages. */
function channel(count, bytes, length, time = THEN) {
  const tags = Array.from({ length: count }, (_, tag) => tag);
  const head = { current_message: `${time}:${count - 1}`, time, max_stored_messages: length };
  const expiring = ['KEY', 'KEY:messages'].map((key) => ['EXPIRE', key, String(TTL_SECONDS + 1)]);
  return [
    ['HSET', 'KEY', ...Object.entries(head).flat().map(String)],
    ['LPUSH', 'KEY:messages', ...tags.map((tag) => `${time}:${tag}`)],
    ...tags.flatMap((tag) => message(time, tag, count, bytes)),
    ...expiring,
  ];
}

const SUBSCRIBED = [['HSET', 'KEY', 'subscribers', '1000000', 'fake_subscribers', '1']];

/**
 * @param {number} bytes size of the messages
 * @returns {Case[]}
 */
export function cases(bytes) {
  const publishing = (length, size = bytes) => {
    const data = 'x'.repeat(size);
    const rest = [data, '', '', 0, TTL_SECONDS, length, 5120, 'PUBLISH', 0];
    return {
      script: 'publish',
      nchan: (id) => [[], ['', id, ...rest]],
      njchan: (id) => [[keyOf(id)], rest],
    };
  };
  const ten = channel(10, bytes, 10);
  const roomy = channel(10, bytes, 100_000);
  return [
    { name: 'publish, buffer not full', before: roomy, ...publishing(100_000) },
    {
      name: 'publish, buffer not full, 1 subscriber',
      before: [...roomy, ...SUBSCRIBED],
      subscriber: true,
      ...publishing(100_000),
    },
    { name: 'publish, buffer full', before: ten, ...publishing(10) },
    {
      name: 'publish, buffer full, 1 subscriber',
      before: [...ten, ...SUBSCRIBED],
      subscriber: true,
      ...publishing(10),
    },
    {
      name: 'publish, buffer full, first of a second',
      each: channel(10, bytes, 10, LONG_AGO),
      spread: true,
      ...publishing(10),
    },
    { name: 'publish, buffer full, 6000 bytes', before: ten, ...publishing(10, 6000) },
    { name: 'publish, no buffer', before: ten, ...publishing(0) },
    {
      name: 'get_message, the next one',
      script: 'get_message',
      before: ten,
      nchan: (id) => [[], ['', id, THEN, 4, 'FILO', 0]],
      njchan: (id) => [[keyOf(id)], [THEN, 4, 0]],
    },
    {
      name: 'get_message, nothing yet',
      script: 'get_message',
      before: ten,
      nchan: (id) => [[], ['', id, THEN, 9, 'FILO', 0]],
      njchan: (id) => [[keyOf(id)], [THEN, 9, 0]],
    },
    {
      name: 'get_message, the oldest',
      script: 'get_message',
      before: ten,
      nchan: (id) => [[], ['', id, 0, 0, 'FILO', 0]],
      njchan: (id) => [[keyOf(id)], [0, 0, 0]],
    },
    {
      name: 'get_message_from_key',
      script: 'get_message_from_key',
      before: ten,
      nchan: (id) => [[`${keyOf(id)}:msg:${THEN}:4`], []],
      njchan: (id) => [[`${keyOf(id)}:msg:${THEN}:4`], []],
    },
    {
      name: 'find_channel',
      script: 'find_channel',
      before: ten,
      nchan: (id) => [[], ['', id, 0]],
      njchan: (id) => [[keyOf(id)], [0]],
    },
    {
      name: 'delete, 10 messages',
      script: 'delete',
      each: ten,
      nchan: (id) => [[], ['', id, 'PUBLISH', 0]],
      njchan: (id) => [[keyOf(id)], [id, 'PUBLISH', 0]],
    },
    {
      name: 'subscriber_register',
      script: 'subscriber_register',
      before: ten,
      nchan: (id) => [[], ['', id, '-', 600_000, 60_000, THEN, 1]],
      njchan: (id) => [[keyOf(id)], ['server', '-', 600_000, 60_000, THEN]],
    },
    {
      name: 'subscriber_unregister',
      script: 'subscriber_unregister',
      before: [...ten, ...SUBSCRIBED],
      each: [['HSET', 'KEY', 'registered:server', '1']],
      nchan: (id) => [[], ['', id, 0, 5]],
      njchan: (id) => [[keyOf(id)], ['server', 1, 5]],
    },
    {
      name: 'channel_keepalive',
      script: 'channel_keepalive',
      before: [...ten, ...SUBSCRIBED, ['HSET', 'KEY', 'registered:server', '1']],
      nchan: (id) => [[], ['', id, 600_000, 60_000]],
      njchan: (id) => [[keyOf(id)], ['server', 600_000, 60_000]],
    },
    {
      name: 'add_fakesub',
      script: 'add_fakesub',
      before: [...ten, ...SUBSCRIBED],
      nchan: (id) => [[], ['', id, 1, THEN, WORKER]],
      njchan: (id) => [[keyOf(id)], [1, THEN, WORKER]],
    },
    {
      name: 'request_subscriber_info',
      script: 'request_subscriber_info',
      nchan: (id) => [[], ['', id, 7]],
      njchan: (id) => [[keyOf(id)], [7, 'PUBLISH']],
    },
    {
      name: 'get_subscriber_info_id',
      script: 'get_subscriber_info_id',
      nchan: () => [['nchan:unique_request_id'], []],
      njchan: () => [['nchan:unique_request_id'], []],
    },
  ];
}
