// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
import { describe, expect, it } from 'vitest';
import type { LocationSettings } from '../../../handoff/settings.ts';
import { compileText, endpointsOf, onlyEndpoint, saidIn } from './compiling.ts';

/** The settings of a location with these lines. */
const settingsOf = (lines: string, server = ''): LocationSettings =>
  onlyEndpoint(`${server}\nlocation / { nchan_pubsub; ${lines} }`).settings;

describe('values', () => {
  it.each<[lines: string, expected: Partial<LocationSettings>]>([
    ['nchan_deflate_message_for_websocket ON;', { deflateMessage: true }],
    ['nchan_deflate_message_for_websocket of;', { deflateMessage: false }],
    ['nchan_subscriber_compound_etag_message_id On;', { compoundEtag: true }],
    ['nchan_subscriber_compound_etag_message_id off;', { compoundEtag: false }],
    ['nchan_subscriber_message_id_custom_etag_header X-Tag;', { customEtagHeader: 'X-Tag' }],
    ['nchan_subscriber_message_id_custom_etag_header "";', { customEtagHeader: '' }],
    ['nchan_longpoll_multipart_response on;', { longpollMultipart: 'on' }],
    ['nchan_longpoll_multipart_response o;', { longpollMultipart: 'on' }],
    ['nchan_longpoll_multipart_response OF;', { longpollMultipart: 'off' }],
    ['nchan_longpoll_multipart_response r;', { longpollMultipart: 'raw' }],
    ['nchan_subscriber_http_raw_stream_separator --;', { rawStreamSeparator: '--\n' }],
    ['nchan_subscriber_http_raw_stream_separator "--\\n";', { rawStreamSeparator: '--\n' }],
    ['nchan_subscriber_http_raw_stream_separator "\\n\\n";', { rawStreamSeparator: '\n\n' }],
    ['nchan_subscriber_http_raw_stream_separator "";', { rawStreamSeparator: '' }],
    ['nchan_subscriber_http_raw_stream_separator $x;', { rawStreamSeparator: '$x\n' }],
    ['nchan_websocket_ping_interval 1m;', { websocketPingInterval: 60 }],
    ['nchan_websocket_client_heartbeat "hi, é" $x;', { websocketHeartbeat: ['hi, é', '$x'] }],
    ['nchan_websocket_client_heartbeat "" "";', { websocketHeartbeat: ['', ''] }],
    ['nchan_eventsource_event news;', { eventsourceEvent: 'news' }],
    ['nchan_eventsource_ping_interval 90;', { eventsourcePingInterval: 90 }],
    ['nchan_eventsource_ping_comment "a b";', { eventsourcePingComment: 'a b' }],
    ['nchan_eventsource_ping_event "";', { eventsourcePingEvent: '' }],
    ['nchan_eventsource_ping_data \'{"a": 1}\';', { eventsourcePingData: '{"a": 1}' }],
    ['', { websocketHeartbeat: [], eventsourcePingEvent: 'ping', rawStreamSeparator: '\n' }],
  ])('%s', (lines, expected) => {
    expect(settingsOf(lines)).toMatchObject(expected);
  });

  it('of deflating are given once for all locations', () => {
    const http = `nchan_permessage_deflate_compression_level 0; nchan_permessage_deflate_compression_window 15;
      nchan_permessage_deflate_compression_memlevel 9; nchan_permessage_deflate_compression_strategy huffman-only;`;
    expect(onlyEndpoint('location / { nchan_pubsub; }', http).settings).toMatchObject({
      deflateLevel: 0,
      deflateWindow: 15,
      deflateMemlevel: 9,
      deflateStrategy: 'huffman-only',
    });
  });

  it('of a ping are inherited each for itself', () => {
    const server = 'nchan_eventsource_ping_comment c; nchan_eventsource_ping_data d;';
    expect(settingsOf('nchan_eventsource_ping_data "";', server)).toMatchObject({
      eventsourcePingComment: 'c',
      eventsourcePingData: '',
    });
    expect(settingsOf('', 'nchan_eventsource_ping_comment c;')).toMatchObject({
      eventsourcePingComment: 'c',
      eventsourcePingData: '',
    });
  });

  it('given twice, the last wins where that is no fault', () => {
    const lines = `nchan_longpoll_multipart_response on; nchan_longpoll_multipart_response raw;
      nchan_subscriber_http_raw_stream_separator a; nchan_subscriber_http_raw_stream_separator b;
      nchan_websocket_client_heartbeat a b; nchan_websocket_client_heartbeat c d;`;
    expect(settingsOf(lines)).toMatchObject({
      longpollMultipart: 'raw',
      rawStreamSeparator: 'b\n',
      websocketHeartbeat: ['c', 'd'],
    });
  });
});

describe('nchan_subscriber_last_message_id', () => {
  it('gives every source a variable', () => {
    const { values } = onlyEndpoint(
      'location / { nchan_subscriber; nchan_subscriber_last_message_id $arg_a "${arg_b}c" d $e $f; }',
    );
    expect(values).toEqual({
      last_message_id: '$arg_a',
      last_message_id_2: '"${arg_b}c"',
      last_message_id_3: 'd',
      last_message_id_4: '$e',
      last_message_id_5: '$f',
    });
  });

  it('is inherited as a whole', () => {
    const { config } = compileText(`events {} http { server {
      nchan_subscriber; nchan_subscriber_last_message_id $arg_a $arg_b;
      location / { }
      location /own { nchan_subscriber_last_message_id $arg_c; } } }`);
    const found = endpointsOf(config);
    expect(found[3]?.values).toEqual({ last_message_id: '$arg_a', last_message_id_2: '$arg_b' });
    expect(found[4]?.values).toEqual({ last_message_id: '$arg_c' });
  });
});

describe('values that are none', () => {
  const NEWLINE = "directive can't contain any newline characters";
  it.each([
    [
      'nchan_deflate_message_for_websocket yes;',
      `"nchan_deflate_message_for_websocket" directive invalid value: must be 'on' or 'off'`,
    ],
    [
      'nchan_deflate_message_for_websocket "";',
      `"nchan_deflate_message_for_websocket" directive invalid value: must be 'on' or 'off'`,
    ],
    [
      'nchan_subscriber_compound_etag_message_id o;',
      'invalid value "o" in "nchan_subscriber_compound_etag_message_id" directive, it must be "on" or "off"',
    ],
    [
      'nchan_subscriber_compound_etag_message_id constructor;',
      'invalid value "constructor" in "nchan_subscriber_compound_etag_message_id" directive, it must be "on" or "off"',
    ],
    ...['a b', 'a:b', 'a\\nb', 'é'].map((name) => [
      `nchan_subscriber_message_id_custom_etag_header "${name}";`,
      `"nchan_subscriber_message_id_custom_etag_header" directive invalid header name "${name.replace('\\n', '\n')}"`,
    ]),
    ...['yes', '', 'ons'].map((word) => [
      `nchan_longpoll_multipart_response "${word}";`,
      `invalid value for nchan_longpoll_multipart_response: ${word};'. Must be 'on', 'off', or 'raw'`,
    ]),
    ['nchan_websocket_ping_interval 5ms;', '"nchan_websocket_ping_interval" directive invalid value'],
    ['nchan_eventsource_ping_interval x;', '"nchan_eventsource_ping_interval" directive invalid value'],
    ...['event', 'ping_comment', 'ping_event', 'ping_data'].flatMap((what) =>
      ['a\\nb', 'a\\r'].map((value) => [
        `nchan_eventsource_${what} "${value}";`,
        `"nchan_eventsource_${what}" ${NEWLINE}`,
      ]),
    ),
  ])('%s', (line, message) => {
    expect(saidIn('L', line as string).join('\n')).toBe(message);
  });

  it.each([
    ['level', ['-1', 'x', '1.5', '""'], ['10'], '0 and 9'],
    ['window', ['-1'], ['8', '16'], '9 and 15'],
    ['memlevel', ['-1'], ['0', '10'], '1 and 9'],
  ])('of nchan_permessage_deflate_compression_%s', (what, noNumbers, outside, range) => {
    const name = `nchan_permessage_deflate_compression_${what}`;
    for (const value of noNumbers) {
      expect(saidIn('H', `${name} ${value};`)).toEqual([`"${name}" directive invalid number`]);
    }
    for (const value of outside) {
      expect(saidIn('H', `${name} ${value};`)).toEqual([`"${name}" directive must be between ${range}`]);
    }
  });

  it.each(['foo', 'd', 'RLE', '""'])('of nchan_permessage_deflate_compression_strategy: %s', (value) => {
    expect(saidIn('H', `nchan_permessage_deflate_compression_strategy ${value};`)).toEqual([
      '"nchan_permessage_deflate_compression_strategy" directive invalid compression strategy',
    ]);
  });
});
