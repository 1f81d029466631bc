/** Applications that send requests on with X-Accel-Redirect (spec/hooks.md §4), and other redirects inside nginx. */
import type { Area, Case } from '../case.ts';
import {
  application,
  call,
  del,
  feed,
  frame,
  get,
  HANDSHAKE,
  options,
  post,
  publish,
  sendText,
  subscribe,
  through,
  websocket,
} from '../steps.ts';
import { CHUNKED, EVENTSOURCE, MULTIPART } from './common.ts';

const TO = 'header=X-Accel-Redirect:';
const toInternal = `/accel/{c}?${TO}/accel-in/{c}`;
const ORIGIN = 'Origin: http://o.com';

const publishers: readonly Case[] = [
  { name: 'POST', steps: [post(toInternal, 'hello'), application(1), get('/sub/{c}')] },
  { name: 'PUT', steps: [call('PUT', toInternal), application(1)] },
  {
    name: 'POST with a content type and an event',
    steps: [
      post(toInternal, 'x', { headers: ['Content-Type: text/x', 'X-EventSource-Event: e'] }),
      subscribe('s', '/es/{c}', EVENTSOURCE),
      through('s', 'data: x\n\n'),
    ],
  },
  { name: 'POST without a body', steps: [post(toInternal, ''), get('/sub/{c}')] },
  {
    name: 'a body in chunks',
    steps: [
      post(toInternal, '3\r\nabc\r\n0\r\n\r\n', { headers: ['Transfer-Encoding: chunked'] }),
      get('/sub/{c}'),
    ],
  },
  {
    name: 'a body that the application does not get',
    steps: [post(`/accel-no-body/{c}?${TO}/accel-in/{c}`, 'hello'), application(1), get('/sub/{c}')],
  },
  { name: 'GET of figures', steps: [feed('a'), get(`/accel/{c}?${TO}/accel-pub/{c}`)] },
  { name: 'DELETE', steps: [feed('a'), del(toInternal), application(1), get('/info/{c}')] },
  { name: 'DELETE of a channel that does not exist', steps: [del(toInternal)] },
  { name: 'OPTIONS', steps: [options(toInternal, [ORIGIN])] },
  { name: 'POST from another origin', steps: [post(toInternal, 'x', { headers: [ORIGIN] })] },
  { name: 'POST to a location for subscribers', steps: [post(`/accel/{c}?${TO}/sub/{c}`, 'x')] },
  { name: 'HEAD', differs: 'methods', steps: [call('HEAD', toInternal)] },
  { name: 'PATCH', differs: 'methods', steps: [call('PATCH', toInternal)] },
  { name: 'POST to a location that is not internal', steps: [post(`/accel/{c}?${TO}/pub/{c}`, 'x')] },
  { name: 'POST to a named location', steps: [post(`/accel/{c}?${TO}@accel-named`, 'x')] },
];

const subscribers: readonly Case[] = [
  { name: 'a long-poll', steps: [feed('a'), get(toInternal), application(1)] },
  {
    name: 'a message without a content type',
    steps: [feed('a'), get(`${toInternal}&header=Content-Type:text/x`)],
  },
  {
    name: 'a message with one',
    steps: [
      post('/pub/{c}', 'a', { headers: ['Content-Type: text/y'] }),
      get(`${toInternal}&header=Content-Type:text/x`),
    ],
  },
  {
    name: 'an id in the query of the redirect',
    steps: [publish('a', 'first'), publish('b'), get(`${toInternal}%3Flast_event_id={first}`)],
  },
  {
    name: 'an id in the query of the client does not count',
    steps: [publish('a', 'first'), publish('b'), get(`${toInternal}&last_event_id={first}`)],
  },
  {
    name: 'an id in headers',
    steps: [
      publish('a', 'first'),
      publish('b'),
      get(toInternal, ['If-Modified-Since: {first.date}', 'If-None-Match: {first.tag}']),
    ],
  },
  ...Object.entries({
    'an EventSource': EVENTSOURCE,
    'a chunked stream': CHUNKED,
    'a multipart stream': MULTIPART,
  }).map(
    ([name, headers]): Case => ({
      name,
      steps: [
        feed('message'),
        subscribe('s', `${toInternal}&header=Set-Cookie:a=b`, headers),
        through('s', 'message'),
        application(1),
      ],
    }),
  ),
  {
    name: 'a WebSocket',
    steps: [
      ...websocket('w', `${toInternal}&header=Set-Cookie:a=b`),
      application(1),
      sendText('w', 'a'),
      frame('w'),
    ],
  },
  { name: 'a WebSocket where there is none', steps: [get(`/accel/{c}?${TO}/lp/{c}`, HANDSHAKE)] },
];

/** Headers of the application's answer: which of them reach the client. */
const HEADERS = [
  'Set-Cookie:a=b',
  'Set-Cookie:a=b&header=Set-Cookie:c=d',
  'Cache-Control:no-store',
  'Expires:0',
  'Content-Disposition:inline',
  'X-Own:1',
  'Location:/there',
  'Etag:foo',
  'Last-Modified:Sat, 21 Nov 2026 11:59:07 GMT'.replaceAll(' ', '%20'),
  'Accept-Ranges:none',
  'Refresh:1',
  'Link:x',
  'Access-Control-Allow-Origin:http://x',
  'X-Accel-Charset:utf-8',
  'X-Accel-Expires:60',
  'X-Accel-Limit-Rate:100000',
  'Vary:Cookie',
  'WWW-Authenticate:Basic',
  'Content-Encoding:gzip',
];
const headers: readonly Case[] = HEADERS.flatMap((header) => [
  { name: `${header} for a publisher`, steps: [post(`${toInternal}&header=${header}`, 'x')] },
  { name: `${header} for a long-poll`, steps: [feed('x'), get(`${toInternal}&header=${header}`)] },
]);

const others: readonly Case[] = [
  {
    name: 'the status and the body of the application do not matter',
    steps: [post(`${toInternal}&status=404&body=no`, 'x')],
  },
  { name: 'internal is not for clients', steps: [post('/accel-in/{c}', 'x')] },
  { name: 'with authorization', steps: [post(`/accel/{c}?${TO}/accel-auth/{c}%3Fa=b`, 'x'), application(2)] },
  {
    name: 'refused by authorization',
    steps: [feed('x'), get(`/accel/{c}?${TO}/accel-auth/{c}%3Fstatus=403&body=no`), application(2)],
  },
  { name: 'rewrite keeps the method', steps: [post('/accel-rewrite/{c}', 'x')] },
  { name: 'error_page to a named location keeps the method', steps: [post('/accel-error-named/{c}', 'x')] },
  {
    name: 'error_page to a named location keeps DELETE',
    steps: [feed('x', '{c}'), del('/accel-error-named/{c}')],
  },
  { name: 'error_page makes a GET', steps: [feed('m', '{c}'), post('/accel-error/{c}', 'x')] },
];

export const xAccel: Area = {
  title: 'X-Accel-Redirect',
  plainLocations: {
    'location /accel/': 'proxy_pass http://application;',
    'location /accel-no-body/':
      'proxy_pass http://application; proxy_pass_request_body off; proxy_set_header Content-Length "";',
    'location @accel-named': 'nchan_pubsub; nchan_channel_id named-$arg_header;',
    'location ~ ^/accel-rewrite/(.*)$': 'rewrite ^/accel-rewrite/(.*)$ /pub/$1 last;',
    'location ~ ^/accel-error-named/(?<error_channel>.*)$': 'error_page 404 = @accel-error; return 404;',
    'location @accel-error': 'nchan_publisher; nchan_channel_id $error_channel;',
    'location ~ ^/accel-error/(?<error_page_channel>.*)$':
      'error_page 404 = /pubsub/$error_page_channel; return 404;',
  },
  locations: {
    'accel-in': 'internal; nchan_pubsub; nchan_channel_id $1; add_header X-In yes;',
    'accel-pub': 'internal; nchan_publisher; nchan_channel_id $1;',
    'accel-auth': 'internal; nchan_pubsub; nchan_channel_id $1; nchan_authorize_request /auth/ask;',
  },
  cases: [...publishers, ...subscribers, ...headers, ...others],
};
