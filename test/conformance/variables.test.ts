/** Nchan's variables, as both servers log them and put them into headers. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tempDir } from '../support/files.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import type { Case } from './case.ts';
import { EVENTSOURCE } from './cases/common.ts';
import { differenceIds } from './differences.ts';
import { startNchan } from './nchan.ts';
import { play } from './player.ts';
import {
  close,
  del,
  feed,
  frame,
  get,
  options,
  post,
  publish,
  response,
  sendText,
  subscribe,
  subscribers,
  websocket,
} from './steps.ts';
import { normalise } from './transcript.ts';

const NAMES = [
  ...[
    'channel_id',
    'channel_id1',
    'channel_id2',
    'channel_id3',
    'channel_id4',
    'subscriber_type',
    'publisher_type',
  ],
  ...['message_id', 'prev_message_id', 'channel_subscriber_last_seen', 'channel_subscriber_count'],
  ...['channel_message_count', 'channel_event', 'version'],
];
const all = NAMES.map((name) => `${name}=$nchan_${name};`).join(' ');

const SERVER = `
location ~ ^/info/(.*)$ { nchan_publisher http; nchan_channel_id $1; access_log off; }
location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_timeout 1; }
location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; nchan_channel_id $1; }
location ~ ^/poll/(.*)$ { nchan_subscriber poll; nchan_channel_id $1; }
location ~ ^/pubsub/(.*)$ { nchan_pubsub; nchan_channel_id $1; }
location ~ ^/list/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_channel_id_split_delimiter ,; }
location ~ ^/group/(.*)$ { nchan_publisher; nchan_channel_group g; nchan_channel_id $1; }
location ~ ^/headers/(.*)$ { nchan_pubsub; nchan_channel_id $1; add_header X-All "${all}"; add_header X-Map $mapped; }
location ~ ^/if/(.*)$ { nchan_pubsub; nchan_channel_id $1; if ($nchan_channel_id) { add_header X-If yes; } }
location ~ ^/legacy/(.*)$ { nchan_publisher; nchan_channel_group g; set $push_channel_id $1; }
location /none { nchan_pubsub; }
location /static { return 204; }
`;

const HTTP = `
map $nchan_channel_id $mapped { default "m $nchan_publisher_type"; "" none; }
log_format variables '$request_method $uri ${all}';
`;

/** The inside of a server that logs there. */
const logging = (log: string): string => `access_log ${log} variables;\n${SERVER}`;

interface LogCase extends Case {
  /** How many lines both log. */
  readonly lines: number;
}

const CASES: readonly LogCase[] = [
  { name: 'publishing', lines: 3, steps: [post('/pub/{c}', 'a'), post('/pub/{c}', 'b'), get('/pub/{c}')] },
  { name: 'figures of a channel that does not exist', lines: 1, steps: [get('/pub/{c}')] },
  { name: 'deleting', lines: 3, steps: [publish('a'), del('/pub/{c}'), del('/pub/{c}-no')] },
  { name: 'publishing to several channels', lines: 2, steps: [publish('a'), post('/list/{c},b,c,d,e', 'x')] },
  { name: 'a group', lines: 1, steps: [post('/group/{c}', 'a')] },
  { name: 'a legacy name', lines: 1, steps: [post('/legacy/{c}', 'a')], differs: 'legacy-id' },
  { name: 'a long-poll that gets a message', lines: 2, steps: [publish('a'), get('/sub/{c}')] },
  {
    name: 'a long-poll that waits',
    lines: 2,
    steps: [subscribe('s', '/sub/{c}'), subscribers(1), publish('a'), response('s')],
  },
  {
    name: 'a long-poll that goes on',
    lines: 3,
    steps: [
      publish('a', 'first'),
      publish('b'),
      get('/sub/{c}', ['If-Modified-Since: {first.date}', 'If-None-Match: {first.tag}']),
    ],
  },
  { name: 'a long-poll that gets nothing', lines: 1, steps: [get('/sub/{c}')] },
  { name: 'an interval-poll', lines: 2, steps: [publish('a'), get('/poll/{c}')] },
  { name: 'an interval-poll that gets nothing', lines: 1, steps: [get('/poll/{c}')] },
  {
    name: 'a long-poll of several channels',
    lines: 2,
    steps: [publish('a', undefined, '{c}-b'), get('/list/{c},{c}-b')],
  },
  { name: 'an EventSource without messages', lines: 1, steps: [get('/sub/{c}', EVENTSOURCE)] },
  {
    name: 'an EventSource with a message',
    lines: 2,
    differs: 'stream-message-ids',
    steps: [publish('a'), get('/sub/{c}', EVENTSOURCE)],
  },
  { name: 'a WebSocket', lines: 1, steps: [...websocket('w', '/sub/{c}'), close('w')] },
  {
    name: 'a WebSocket publisher',
    lines: 1,
    steps: [...websocket('w', '/pub/{c}'), sendText('w', 'a'), frame('w'), close('w')],
    differs: 'stream-message-ids',
  },
  {
    name: 'a WebSocket that publishes and subscribes',
    lines: 1,
    steps: [...websocket('w', '/pubsub/{c}'), close('w')],
  },
  { name: 'a raw stream', lines: 1, steps: [subscribe('r', '/raw/{c}'), subscribers(1), close('r')] },
  { name: 'no channel id', lines: 2, steps: [get('/none'), post('/none', 'x')] },
  { name: 'a refused transport', lines: 1, steps: [post('/sub/{c}', 'x')] },
  { name: 'an unreadable message id', lines: 1, steps: [get('/sub/{c}', ['If-None-Match: x:y'])] },
  { name: 'OPTIONS', lines: 1, steps: [options('/pub/{c}')] },
  { name: 'a location that is no endpoint', lines: 1, steps: [get('/static')] },
  { name: 'headers of a publisher', lines: 1, steps: [post('/headers/{c}', 'a')] },
  { name: 'headers of a long-poll', lines: 2, steps: [feed('a'), get('/headers/{c}')] },
  { name: 'headers of a deletion', lines: 2, steps: [feed('a'), del('/headers/{c}')] },
  {
    name: 'a variable that `if` looks at too early',
    lines: 1,
    steps: [post('/if/{c}', 'a')],
    differs: 'early-variables',
  },
  {
    name: 'an id with a control character in a header',
    lines: 1,
    steps: [post('/headers/{c}%0dX-Injected:%20yes', 'a')],
    differs: 'control-bytes',
  },
  { name: 'ids of any bytes', lines: 1, steps: [post('/pub/{c}%C3%A9%FF%25%22$', 'a')] },
];

/** nginx logs a request as soon as it is over. */
const LOG_DEADLINE_MS = 5_000;

interface Side {
  readonly port: number;
  readonly log: string;
}

let njchan: Side;
let nchan: Side;

beforeAll(async () => {
  const dir = tempDir();
  const [ours, theirs] = [join(dir, 'njchan.log'), join(dir, 'nchan.log')];
  njchan = {
    port: (await startNjchan({ config: (port) => nginxConf(port, logging(ours), HTTP) })).port,
    log: ours,
  };
  nchan = { port: (await startNchan(logging(theirs), HTTP)).port, log: theirs };
  await waitFor('the clock of ids', async () => {
    const { body } = await request(njchan.port, 'POST', '/info/warm-up', { body: '' });
    return Number(/id: (\d+)/.exec(body.toString())?.[1]) * 1000 <= Date.now();
  });
});

async function playOn({ port, log }: Side, played: LogCase, channel: string): Promise<readonly string[]> {
  const before = logLines(log).length;
  const { entries, failure } = await play(port, played, channel);
  expect(failure).toBeUndefined();
  const lines = await waitFor(
    'the log',
    () => {
      const all = logLines(log).slice(before);
      return all.length >= played.lines ? all : undefined;
    },
    LOG_DEADLINE_MS,
  );
  // What is not set is logged as nothing by the one and as a hyphen by the other.
  // Two requests that end at once are logged in either order.
  const logged = lines.map((line) => line.replaceAll('=-;', '=;')).sort();
  return normalise({ entries: [...entries, ...logged], answers: logged }, `${channel}-0`).entries;
}

function logLines(file: string): string[] {
  return readFileSync(file, 'latin1').split('\n').slice(0, -1);
}

it.each(CASES)('$name', async (played) => {
  const channel = `case${CASES.indexOf(played)}`;
  const ours = await playOn(njchan, played, channel);
  const theirs = await playOn(nchan, played, channel);
  if (played.differs === undefined) {
    expect(ours, 'njchan (received) and Nchan (expected)').toEqual(theirs);
    return;
  }
  expect(differenceIds()).toContain(played.differs);
  expect(ours).not.toEqual(theirs);
});
