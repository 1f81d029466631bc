/**
 * Subscribers that pass by the gateway, in real nginx: each gets from a location that takes the short cut what it gets
 * from one that does not.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import {
  parseResponse,
  RawConnection,
  type RawResponse,
  type RequestOptions,
  request,
} from '../support/raw-http.ts';
import { openWebSocket } from '../support/websocket.ts';

/** Keeps a location off the short cut and does nothing else. */
const THROUGH_GATEWAY = 'rewrite_log off;';

/** `$njchan_action` is what the gateway decided; it is empty for a request that did not get to it. */
const TELL = 'add_header X-Gateway "[$njchan_action]" always; add_header X-Capture "$1" always;';

const both = (name: string, lines: string): string => `
  location ~ "^/direct-${name}/([\\s\\S]*)$" { ${lines} nchan_channel_id $1; ${TELL} }
  location ~ "^/gateway-${name}/([\\s\\S]*)$" { ${lines} nchan_channel_id $1; ${TELL} ${THROUGH_GATEWAY} }`;

const CONFIG = `
  location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
  ${both('all', 'nchan_subscriber; nchan_max_channel_id_length 20;')}
  ${both('pubsub', 'nchan_pubsub;')}
  ${both('websocket', 'nchan_subscriber websocket;')}
  ${both('eventsource', 'nchan_subscriber eventsource;')}
  ${both('longpoll', 'nchan_subscriber longpoll;')}
  ${both('interval', 'nchan_subscriber intervalpoll longpoll;')}
  ${both('raw', 'nchan_subscriber http-raw-stream longpoll eventsource;')}
  ${both('compound', 'nchan_subscriber; nchan_subscriber_compound_etag_message_id on;')}
  ${both('existing', 'nchan_subscriber; nchan_subscribe_existing_channels_only on;')}
  ${both('impatient', 'nchan_subscriber; nchan_subscriber_timeout 1;')}
  location ~ ^/apart/(.*)$ {
    nchan_pubsub; nchan_subscriber_channel_id $1; nchan_publisher_channel_id other; ${TELL}
  }
  location = /by-argument { nchan_subscriber; nchan_channel_id $arg_id; nchan_channel_group g; ${TELL} }
  location = /pub-by-argument { nchan_publisher; nchan_channel_id $arg_id; nchan_channel_group g; }
  location ~ ^/denied/(.*)$ { nchan_subscriber; nchan_channel_id $1; deny all; ${TELL} }
  location ~ ^/asked/(.*)$ { nchan_subscriber; nchan_channel_id $1; auth_request /may; ${TELL} }
  location = /may { internal; return 403; }
  location ~ ^/rewritten/(.*)$ { rewrite ^/rewritten/(.*)$ /direct-all/$1 last; }
`;

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version': '13',
};
const EVENT_STREAM = { Accept: 'text/event-stream' };

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: CONFIG });
});

const tookShortCut = (response: RawResponse): boolean => response.headers['x-gateway'] === '[]';

/** What is the same whichever way a request took; ids and times of messages are not. */
function essence({ status, headerLines, body }: RawResponse): unknown {
  const ways = /^(Date|Content-Length|X-Gateway|Last-Modified)/;
  // The search for control characters that finds one leaves no captures.
  const kept = headerLines.filter(
    (line) => !ways.test(line) && !(status === 400 && line.startsWith('X-Capture')),
  );
  return plain({ status, headers: kept, body: body.toString('latin1') });
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value)
      .replace(/c\d+[dg]/g, 'CHANNEL')
      .replace(/\d{10}:\d+/g, 'ID'),
  );

let count = 0;

type Headers = NonNullable<RequestOptions['headers']>;

interface Asked {
  /** What follows the location's path; `ID` stands for the channel. */
  readonly target?: string;
  readonly method?: string;
  readonly headers?: Headers;
}

/** Sends a request; what follows an answer's head is read up to `mark` where there is one. */
async function ask(path: string, { method = 'GET', headers = {} }: Asked, mark?: string) {
  const connection = await RawConnection.open(njchan.port);
  const lines = Object.entries({ Host: 'localhost', ...headers }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  connection.send(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
  try {
    if (mark === undefined) return { response: await connection.readResponse(method), streamed: '' };
    const response = parseResponse(await connection.readHead(), { method: 'HEAD' }) as RawResponse;
    return { response, streamed: (await connection.readThrough(mark)).toString('latin1') };
  } finally {
    connection.destroy();
  }
}

/** Publishes two messages to each of two new channels and subscribes to them by either way. */
async function compare(name: string, asked: Asked, mark?: string) {
  const [direct, gateway] = await Promise.all(
    ['direct', 'gateway'].map(async (way) => {
      const id = `c${++count}${way[0]}`;
      for (const body of ['one', 'two']) {
        expect((await request(njchan.port, 'POST', `/pub/${id}`, { body })).status).toBe(202);
      }
      return ask(`/${way}-${name}${(asked.target ?? '/ID').replace('ID', id)}`, asked, mark);
    }),
  );
  if (!direct || !gateway) throw new Error('no answers');
  expect(tookShortCut(gateway.response) && gateway.response.status !== 400).toBe(false);
  expect(essence(direct.response)).toEqual(essence(gateway.response));
  expect(plain(direct.streamed)).toEqual(plain(gateway.streamed));
  return { shortCut: tookShortCut(direct.response), ...direct };
}

/** A second in the past, of which no message is. */
const PAST = { 'If-Modified-Since': 'Mon, 12 Oct 2020 00:00:00 GMT', 'If-None-Match': '0' };

describe('a subscriber takes the short cut, and cannot tell', () => {
  it.each<[string, string, Asked, string | undefined, number]>([
    ['a WebSocket', 'all', { headers: HANDSHAKE }, 'two', 101],
    ['one of Firefox', 'all', { headers: { ...HANDSHAKE, Connection: 'keep-alive, Upgrade' } }, 'two', 101],
    ['one that takes an event stream', 'all', { headers: { ...HANDSHAKE, ...EVENT_STREAM } }, 'two', 101],
    [
      'one with ws+meta',
      'all',
      { headers: { ...HANDSHAKE, 'Sec-WebSocket-Protocol': 'ws+meta.nchan' } },
      'two',
      101,
    ],
    [
      'one with deflate',
      'all',
      { headers: { ...HANDSHAKE, 'Sec-WebSocket-Extensions': 'permessage-deflate' } },
      'two',
      101,
    ],
    [
      'one with an old id',
      'all',
      { target: '/ID?last_event_id=1600000000:0', headers: HANDSHAKE },
      'two',
      101,
    ],
    [
      'one with an escaped id',
      'all',
      { target: '/ID?last_event_id=1600000000%3A0', headers: HANDSHAKE },
      'two',
      101,
    ],
    [
      'one of a wrong version',
      'all',
      { headers: { ...HANDSHAKE, 'Sec-WebSocket-Version': '12' } },
      undefined,
      400,
    ],
    [
      'one without a key',
      'all',
      { headers: { Connection: 'upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' } },
      undefined,
      400,
    ],
    ['one from elsewhere', 'all', { headers: { ...HANDSHAKE, Origin: 'http://o.example' } }, 'two', 101],
    ['one that publishes too', 'pubsub', { headers: HANDSHAKE }, 'two', 101],
    ['an EventSource', 'all', { headers: EVENT_STREAM }, 'two', 200],
    ['one with an Origin', 'all', { headers: { ...EVENT_STREAM, Origin: 'http://o.example' } }, 'two', 200],
    [
      'one with Last-Event-ID',
      'all',
      { headers: { ...EVENT_STREAM, 'Last-Event-ID': '1600000000:0' } },
      'two',
      200,
    ],
    [
      'one with an empty Last-Event-ID',
      'all',
      { headers: { ...EVENT_STREAM, 'Last-Event-ID': '' } },
      'two',
      200,
    ],
    [
      'one with another id besides',
      'all',
      { target: '/ID?last_event_id=x:y', headers: { ...EVENT_STREAM, 'Last-Event-ID': '1600000000:0' } },
      'two',
      200,
    ],
    ['one in a location of its own', 'eventsource', { headers: EVENT_STREAM }, 'two', 200],
    ['one before a raw stream', 'raw', { headers: EVENT_STREAM }, 'two', 200],
    ['a long-poll', 'all', {}, undefined, 200],
    ['one that takes anything', 'longpoll', { headers: { Accept: '*/*' } }, undefined, 200],
    [
      'one that takes JSON',
      'all',
      { headers: { Accept: 'application/json, text/plain, */*' } },
      undefined,
      200,
    ],
    ['an upgrade to something else', 'all', { headers: { ...HANDSHAKE, Upgrade: 'h2c' } }, undefined, 200],
    [
      'one of two types',
      'all',
      { headers: { Accept: 'application/json\r\nAccept: text/event-stream' } },
      undefined,
      200,
    ],
    ['one of two TE', 'all', { headers: { TE: '\r\nTE: chunked' } }, undefined, 200],
    [
      'a WebSocket with two upgrades',
      'all',
      { headers: { ...HANDSHAKE, Upgrade: 'websocket\r\nUpgrade: h2c' } },
      'two',
      101,
    ],
    ['one with an id', 'all', { headers: PAST }, undefined, 200],
    [
      'one with an empty date',
      'all',
      { headers: { 'If-Modified-Since': '', 'Last-Event-ID': 'x:y' } },
      undefined,
      400,
    ],
    [
      'one with an empty tag',
      'all',
      { headers: { 'If-None-Match': '', 'Last-Event-ID': 'x:y' } },
      undefined,
      400,
    ],
    ['one with an Etag', 'all', { headers: { Etag: '1600000000:0' } }, undefined, 200],
    ['one with a compound id', 'compound', { headers: { 'If-None-Match': '1600000000:0' } }, undefined, 200],
    [
      'one with a quoted id',
      'compound',
      { headers: { 'If-None-Match': 'W/"1600000000:0"' } },
      undefined,
      200,
    ],
    [
      'a compound id beside a date',
      'compound',
      { headers: { ...PAST, 'If-None-Match': '1600000000:0' } },
      undefined,
      200,
    ],
    ['an id that is none', 'all', { headers: { 'Last-Event-ID': 'x:y' } }, undefined, 400],
    [
      'an EventSource with such an id',
      'all',
      { target: '/ID?last_event_id=x:y', headers: EVENT_STREAM },
      undefined,
      400,
    ],
    [
      'a WebSocket with such an id',
      'all',
      { target: '/ID?last_event_id=x:y', headers: HANDSHAKE },
      undefined,
      400,
    ],
    ['an id of several channels', 'all', { headers: { ...PAST, 'If-None-Match': '0,1' } }, undefined, 400],
    [
      'an EventSource with such an id',
      'all',
      { headers: { ...EVENT_STREAM, 'Last-Event-ID': '1600000000:[0],0' } },
      undefined,
      400,
    ],
    ['a name that is too long', 'all', { target: `/ID${'x'.repeat(20)}` }, undefined, 403],
    [
      'an EventSource to such a name',
      'all',
      { target: `/ID${'x'.repeat(20)}`, headers: EVENT_STREAM },
      undefined,
      403,
    ],
    [
      'a WebSocket to such a name',
      'all',
      { target: `/ID${'x'.repeat(20)}`, headers: HANDSHAKE },
      undefined,
      403,
    ],
    ['a channel that is not there', 'existing', { target: '/none' }, undefined, 403],
    [
      'an EventSource of such a channel',
      'existing',
      { target: '/none', headers: EVENT_STREAM },
      undefined,
      403,
    ],
    ['a WebSocket of such a channel', 'existing', { target: '/none', headers: HANDSHAKE }, undefined, 403],
    ['nothing for some time', 'impatient', { target: '/none' }, undefined, 408],
  ])('%s', async (_name, location, asked, mark, status) => {
    const { shortCut, response } = await compare(location, asked, mark);
    expect({ shortCut, status: response.status }).toEqual({ shortCut: true, status });
  });

  it('and its id is that of the message', async () => {
    await request(njchan.port, 'POST', '/pub/resumed', { body: 'one' });
    await request(njchan.port, 'POST', '/pub/resumed', { body: 'two' });
    const first = await request(njchan.port, 'GET', '/direct-all/resumed');
    const { 'last-modified': since = '', etag = '' } = first.headers;
    const second = await request(njchan.port, 'GET', '/direct-all/resumed', {
      headers: { 'If-Modified-Since': since, 'If-None-Match': etag },
    });
    expect([first, second].map((response) => [response.body.toString(), tookShortCut(response)])).toEqual([
      ['one', true],
      ['two', true],
    ]);
  });

  it('of the channel of an argument', async () => {
    await request(njchan.port, 'POST', '/pub-by-argument?id=a%20b', { body: 'one' });
    const response = await request(njchan.port, 'GET', '/by-argument?id=a%20b');
    expect([response.body.toString(), tookShortCut(response)]).toEqual(['one', true]);
  });

  it('and publishes by the same WebSocket', async () => {
    const socket = await openWebSocket(`ws://127.0.0.1:${njchan.port}/direct-pubsub/talk`);
    socket.send('hello');
    expect(await socket.text()).toBe('hello');
    expect((await request(njchan.port, 'GET', '/gateway-all/talk')).body.toString()).toBe('hello');
  });
});

describe('everything else goes through the gateway', () => {
  it.each<[string, string, Asked, string | undefined]>([
    ['chunks', 'all', { headers: { TE: 'chunked' } }, 'two'],
    ['other TE', 'all', { headers: { TE: 'trailers' } }, undefined],
    ['an EventSource with TE', 'all', { headers: { ...EVENT_STREAM, TE: 'trailers' } }, 'two'],
    ['multipart', 'all', { headers: { Accept: 'multipart/mixed' } }, 'two'],
    ['multipart among others', 'all', { headers: { Accept: '*/*, multipart/mixed' } }, 'two'],
    ['a type in capitals', 'all', { headers: { Accept: 'Text/Event-Stream' } }, undefined],
    ['an event stream among others', 'all', { headers: { Accept: 'text/event-stream, */*' } }, 'two'],
    ['what only browsers take', 'all', { headers: { Accept: 'text/html,application/xhtml+xml' } }, undefined],
    ['another order of tokens', 'all', { headers: { ...HANDSHAKE, Connection: 'close, Upgrade' } }, 'two'],
    ['no upgrade', 'all', { headers: { ...HANDSHAKE, Connection: 'keep-alive' } }, undefined],
    ['a WebSocket that is not allowed', 'longpoll', { headers: HANDSHAKE }, undefined],
    ['an EventSource that is not allowed', 'websocket', { headers: EVENT_STREAM }, undefined],
    ['a poll that is not allowed', 'eventsource', {}, undefined],
    ['a poll for the interval', 'interval', {}, undefined],
    ['a raw stream', 'raw', {}, 'two'],
    [
      'a POST that looks like a subscriber',
      'all',
      { method: 'POST', headers: { ...HANDSHAKE, 'Content-Length': '0' } },
      undefined,
    ],
    ['HEAD', 'all', { method: 'HEAD' }, undefined],
    ['an escape', 'impatient', { target: '/ID%41' }, undefined],
    ['a line break', 'impatient', { target: '/ID%0d%0aA:%20b' }, undefined],
    ['a final line break', 'impatient', { target: '/ID%0a' }, undefined],
    ['two slashes', 'all', { target: '//ID' }, undefined],
    [
      'a date without a tag',
      'all',
      { headers: { 'If-Modified-Since': PAST['If-Modified-Since'] } },
      undefined,
    ],
    ['a date with an empty tag', 'all', { headers: { ...PAST, 'If-None-Match': '' } }, undefined],
    ['an empty query', 'all', { target: '/ID?' }, undefined],
    ['a control character', 'all', { headers: { ...EVENT_STREAM, 'Last-Event-ID': 'a\x01b' } }, undefined],
    ['one in another header', 'all', { headers: { ...HANDSHAKE, 'Sec-WebSocket-Key': 'a\x01b' } }, undefined],
  ])('%s', async (_name, location, asked, mark) => {
    const { shortCut, response } = await compare(location, asked, mark);
    expect(shortCut && response.status !== 400).toBe(false);
  });

  it('what was rewritten to the location', async () => {
    await request(njchan.port, 'POST', '/pub/again', { body: 'hi' });
    const response = await request(njchan.port, 'GET', '/rewritten/again');
    expect([response.body.toString(), tookShortCut(response)]).toEqual(['hi', false]);
  });

  it('who subscribes to one channel and publishes to another', async () => {
    await request(njchan.port, 'POST', '/pub/here', { body: 'hi' });
    const response = await request(njchan.port, 'GET', '/apart/here');
    expect([response.body.toString(), tookShortCut(response)]).toEqual(['hi', false]);
  });
});

it('access is decided before the short cut', async () => {
  for (const target of ['/denied/x', '/asked/x']) {
    for (const headers of [{}, EVENT_STREAM, HANDSHAKE]) {
      const { response } = await ask(target, { headers });
      expect([target, response.status]).toEqual([target, 403]);
    }
  }
});
