/** Publishing, channel information and deletion over HTTP (spec §2). */
import type { Area, Case } from '../case.ts';
import { call, del, get, head, post, publish, response, send, subscribe, subscribers } from '../steps.ts';
import { EVENTSOURCE } from './common.ts';

const FORMATS = ['text/plain', 'text/json', 'text/xml', 'text/yaml'];

const byFormat: readonly Case[] = FORMATS.flatMap((format) => {
  const headers = [`Accept: ${format}`];
  return [
    {
      name: `${format}: an answer to a publisher without subscribers`,
      steps: [post('/pub/{c}', 'one', { headers }), post('/pub/{c}', 'two', { headers })],
    },
    {
      name: `${format}: an answer to a publisher with a subscriber`,
      steps: [
        subscribe('a', '/sub/{c}', EVENTSOURCE),
        head('a'),
        subscribers(1),
        post('/pub/{c}', 'one', { headers }),
      ],
    },
    {
      name: `${format}: the information about a channel`,
      steps: [publish('one'), publish('two'), get('/pub/{c}', headers)],
    },
    {
      name: `${format}: the information about a channel to which nobody has published`,
      steps: [subscribe('a', '/sub/{c}', EVENTSOURCE), head('a'), subscribers(1), get('/pub/{c}', headers)],
    },
    {
      name: `${format}: a deletion shows the channel as it was`,
      steps: [publish('one'), publish('two'), del('/pub/{c}', headers)],
    },
  ];
});

/** What a client may send as Accept; all of it is answered, in one of the four formats (spec §2.3). */
const ACCEPT = [
  '*/*',
  'text/html',
  'TEXT/JSON',
  'application/vnd.foo+json',
  'text/html;application/json',
  'text/plainfoo',
  'application/json',
  'application/x-json',
  'text/x-json',
  'xtext/json',
  'image/png, text/json',
  'text/*, application/json',
  'application/xhtml+xml, text/json',
  'text/json;q=0.1, text/xml;q=0.9',
  'text/html, application/xml;q=0.9',
  'application/yaml',
  'application/x-yaml',
  'text/x-yaml',
  'application/octet-stream,text/yaml',
  'text/yamlx',
  'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  '',
  ',,text/json',
  'application/plain, text/json',
];

const accept: readonly Case[] = ACCEPT.map((value) => ({
  name: `Accept: ${value}`,
  steps: [post('/pub/{c}', 'x', { headers: [`Accept: ${value}`] })],
}));

const BODIES: readonly Case[] = [
  { name: 'an empty body is a message', steps: [post('/pub/{c}', ''), get('/lp/{c}')] },
  {
    name: 'no body at all is a message',
    steps: [call('POST', '/pub/{c}'), get('/lp/{c}')],
  },
  {
    name: 'a chunked body is put together',
    steps: [
      post('/pub/{c}', '3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n', { headers: ['Transfer-Encoding: chunked'] }),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'an empty chunked body is a message',
    steps: [post('/pub/{c}', '0\r\n\r\n', { headers: ['Transfer-Encoding: chunked'] }), get('/lp/{c}')],
  },
  {
    name: 'every byte is kept',
    steps: [
      post('/pub/{c}', String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte))),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'a body that nginx keeps in a file is kept whole',
    steps: [post('/pub/{c}', `${'0123456789abcdef'.repeat(4096)}end`), get('/lp/{c}')],
  },
  {
    name: 'the content type is kept verbatim',
    steps: [post('/pub/{c}', 'x', { headers: ['Content-Type: text/foo; charset=x'] }), get('/lp/{c}')],
  },
  {
    name: 'other headers of the publisher are not kept',
    steps: [
      post('/pub/{c}', 'x', { headers: ['X-Foo: bar', 'Content-Language: de', 'Content-Encoding: gzip'] }),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'a body over client_max_body_size is 413',
    steps: [post('/small/{c}', 'x'.repeat(2000)), get('/info/{c}')],
  },
  {
    name: 'a body of client_max_body_size is taken',
    steps: [post('/small/{c}', 'x'.repeat(1024)), get('/lp/{c}')],
  },
  {
    name: 'PUT publishes',
    steps: [call('PUT', '/pub/{c}', { headers: ['Content-Length: 0'] }), get('/lp/{c}')],
  },
  {
    name: 'two requests on one connection',
    steps: [
      send('a', 'POST /pub/{c} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none'),
      response('a'),
      send('a', 'POST /pub/{c} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo'),
      response('a'),
      send('a', 'GET /pub/{c} HTTP/1.1\r\nHost: x\r\n\r\n'),
      response('a'),
      send('a', 'DELETE /pub/{c} HTTP/1.1\r\nHost: x\r\n\r\n'),
      response('a'),
    ],
  },
  {
    name: 'two requests at once on one connection',
    steps: [
      send(
        'a',
        'POST /pub/{c} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none' +
          'POST /pub/{c} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\ntwo',
      ),
      response('a'),
      response('a'),
    ],
  },
  {
    name: 'Expect: 100-continue',
    steps: [
      send('a', 'POST /pub/{c} HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n'),
      head('a'),
      send('a', 'one'),
      response('a'),
    ],
  },
  {
    name: 'HTTP/1.0',
    steps: [post('/pub/{c}', 'one', { version: '1.0' }), get('/pub/{c}', [], { version: '1.0' })],
  },
  {
    name: 'HTTP/1.0 with keep-alive',
    steps: [post('/pub/{c}', 'one', { version: '1.0', headers: ['Connection: keep-alive'] })],
  },
];

const CHANNELS: readonly Case[] = [
  { name: 'information about a channel that does not exist', steps: [get('/pub/{c}')] },
  { name: 'deletion of a channel that does not exist', steps: [del('/pub/{c}')] },
  {
    name: 'a deleted channel has no messages',
    steps: [publish('one'), publish('two'), del('/pub/{c}'), get('/poll/{c}')],
  },
  {
    name: 'a deleted channel is still shown for a while',
    steps: [publish('one'), publish('two'), del('/pub/{c}'), get('/pub/{c}')],
  },
  {
    name: 'a channel deleted and used again in the same second',
    steps: [publish('one'), publish('two'), del('/pub/{c}'), publish('three')],
    differs: 'ids-after-delete',
  },
  {
    name: 'a subscriber was there: seconds since the last request',
    steps: [publish('one'), get('/lp/{c}'), get('/pub/{c}')],
  },
  {
    name: 'a buffer of three keeps the last three',
    steps: [
      ...['a', 'b', 'c', 'd', 'e'].map((body) => post('/three/{c}', body)),
      get('/pub/{c}'),
      get('/lp/{c}'),
    ],
  },
  {
    name: 'the last publisher’s buffer length holds',
    steps: [...['a', 'b', 'c', 'd'].map((body) => publish(body)), post('/three/{c}', 'e'), get('/lp/{c}')],
  },
  {
    name: 'without a buffer nothing is kept, and ids go on',
    steps: [post('/unbuffered/{c}', 'a'), post('/unbuffered/{c}', 'b'), get('/pub/{c}'), get('/poll/{c}')],
  },
  {
    name: 'eleven messages in a buffer of ten',
    steps: [...Array.from({ length: 11 }, (_, at) => publish(`m${at}`)), get('/pub/{c}'), get('/lp/{c}')],
  },
];

export const publisher: Area = {
  title: 'HTTP publisher',
  locations: { small: 'nchan_publisher; nchan_channel_id $1; client_max_body_size 1k;' },
  cases: [
    ...byFormat,
    ...accept,
    { name: 'no Accept', steps: [post('/pub/{c}', 'x')] },
    {
      name: 'two Accept lines: the first counts',
      steps: [post('/pub/{c}', 'x', { headers: ['Accept: text/json', 'Accept: text/xml'] })],
    },
    ...BODIES,
    ...CHANNELS,
  ],
};
