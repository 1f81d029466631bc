// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
import { describe, expect, it } from 'vitest';
import { DIRECTIVES, findDirective } from '../../../nginx/compiler/directives/index.ts';
import { goodArguments } from '../../support/directives.ts';
import { onlyEndpoint, PLACES, type Place, problemsOf, saidIn } from './compiling.ts';

/** What is said about a line of a location. */
const inLocation = (line: string): string[] => saidIn('L', line);

const names = DIRECTIVES.flatMap((row) =>
  row.names.map((name) => ({ name, row, good: `${name} ${goodArguments(row)};` })),
);

describe.each(names)('$name', ({ name, row, good }) => {
  const home = (['L', 'H', 'U'] as const).find((place) => row.contexts.includes(place)) as Place;

  it.each(Object.keys(PLACES) as Place[])('in %s', (place) => {
    const allowed = row.contexts.includes(place);
    expect(saidIn(place, good)).toEqual(allowed ? [] : [`"${name}" directive is not allowed here`]);
  });

  it('checks how many arguments it gets', () => {
    const [min, max] = row.args;
    const wrong = [`invalid number of arguments in "${name}" directive`];
    if (min > 0) expect(saidIn(home, `${name}${' x'.repeat(min - 1)};`)).toEqual(wrong);
    expect(saidIn(home, `${name}${' x'.repeat(max + 1)};`)).toEqual(wrong);
  });

  it('has no block', () => {
    expect(saidIn(home, `${name} {}`)).toEqual([`directive "${name}" is not terminated by ";"`]);
  });

  it('may be repeated or not, under any of its names', () => {
    for (const other of row.names) {
      const twice = saidIn(home, `${good} ${other} ${goodArguments(row)};`);
      expect(twice).toEqual(row.onDuplicate === 'error' ? [`"${other}" directive is duplicate`] : []);
    }
  });

  it('is in the specification under one slot', () => {
    expect(findDirective(name)).toBe(row);
  });
});

describe('directives that only look like ours', () => {
  it('are refused by name', () => {
    expect(inLocation('nchan_foo 1;')).toEqual(['unknown directive "nchan_foo"']);
    expect(inLocation('push_foo {}')).toEqual(['unknown directive "push_foo"']);
  });

  it("are none where they are data, and other modules' names are not ours", () => {
    expect(
      problemsOf('events {} http { map $a $b { nchan_foo 1; } x_module { nchan_foo; } push 1; nchanfoo; }'),
    ).toEqual([]);
  });
});

describe('words of nchan_publisher', () => {
  it.each([
    ['', ['http', 'websocket']],
    ['http', ['http']],
    ['HTTP', ['http']],
    ['h', ['http']],
    ['websocket', ['websocket']],
    ['w', ['websocket']],
    ['ws', ['websocket']],
    ['websockets http', ['http', 'websocket']],
  ])('%j', (words, expected) => {
    expect(onlyEndpoint(`location / { nchan_publisher ${words}; }`).settings.publisher).toEqual(expected);
  });

  it.each(['off', 'longpoll', 'none', 'httpx', '""'])('%s is refused', (word) => {
    expect(inLocation(`push_publisher ${word};`)).toEqual([
      `invalid push_publisher value: ${word.replace('""', '')}`,
    ]);
  });
});

describe('words of nchan_subscriber', () => {
  it.each([
    ['', ['websocket', 'eventsource', 'longpoll', 'http-chunked', 'http-multipart']],
    ['ws', ['websocket']],
    ['event-source', ['eventsource']],
    ['es', ['eventsource']],
    ['sse', ['eventsource']],
    ['e', ['eventsource']],
    ['L', ['longpoll']],
    ['long-', ['longpoll']],
    ['poll', ['intervalpoll']],
    ['interval-poll', ['intervalpoll']],
    ['intervalpoll', ['intervalpoll']],
    ['http', ['intervalpoll']],
    ['h', ['intervalpoll']],
    ['http-', ['http-chunked']],
    ['chunked', ['http-chunked']],
    ['multipart/mixed', ['http-multipart']],
    ['http-m', ['http-multipart']],
    ['multipart-mixed', ['http-multipart']],
    ['http-raw-stream', ['http-raw-stream']],
    ['http-r', ['http-raw-stream']],
    ['poll longpoll ws', ['websocket', 'longpoll', 'intervalpoll']],
    ['longpoll off ws', ['websocket']],
    ['longpoll ws disabled', []],
    ['none', []],
    ['http-raw-stream off', ['http-raw-stream']],
  ])('%j', (words, expected) => {
    expect(onlyEndpoint(`location / { nchan_subscriber ${words}; }`).settings.subscriber).toEqual(expected);
  });

  it.each(['foo', 'longpolling', '""'])('%s is refused', (word) => {
    expect(inLocation(`nchan_subscriber ws ${word};`)).toEqual([
      `invalid nchan_subscriber value: ${word.replace('""', '')}`,
    ]);
  });
});

describe('words of nchan_pubsub', () => {
  const ALL = ['websocket', 'eventsource', 'longpoll', 'http-chunked', 'http-multipart'];
  it.each([
    ['', ['http', 'websocket'], ALL],
    ['http', ['http'], ['intervalpoll']],
    ['websocket', ['websocket'], ['websocket']],
    ['longpoll', [], ['longpoll']],
    ['eventsource http', [], ['eventsource', 'intervalpoll']],
    ['http longpoll eventsource', ['http'], ['eventsource', 'longpoll', 'intervalpoll']],
    ['off', [], []],
  ])('%j', (words, publisher, subscriber) => {
    expect(onlyEndpoint(`location / { nchan_pubsub ${words}; }`).settings).toMatchObject({
      publisher,
      subscriber,
    });
  });

  it('add to those of other directives of the location', () => {
    const { settings } = onlyEndpoint(
      'location / { nchan_publisher ws; nchan_subscriber es; nchan_pubsub http; }',
    );
    expect(settings).toMatchObject({
      publisher: ['http', 'websocket'],
      subscriber: ['eventsource', 'intervalpoll'],
    });
  });

  it('off takes back what earlier directives gave', () => {
    const { settings } = onlyEndpoint(
      'location / { nchan_subscriber es; nchan_pubsub off; nchan_subscriber ws; }',
    );
    expect(settings.subscriber).toEqual(['websocket']);
  });
});

describe('channel ids', () => {
  it('are passed on as they are written', () => {
    const { values } = onlyEndpoint(`location ~ (.*) {
      nchan_pubsub; nchan_channel_id "a b$1"; nchan_pub_channel_id '$arg_p'; nchan_sub_channel_id ""; nchan_channel_group x$host; }`);
    expect(values).toEqual({
      channel_id: '"a b$1"',
      publisher_channel_id: "'$arg_p'",
      subscriber_channel_id: '""',
      channel_group: 'x$host',
    });
  });

  it('are those of the last directive', () => {
    expect(
      onlyEndpoint('location / { nchan_pubsub; nchan_channel_id a; nchan_channel_id b; }').values,
    ).toEqual({
      channel_id: 'b',
    });
  });

  it('may be several, each with a variable of its own', () => {
    const { values } = onlyEndpoint(
      'location / { nchan_pubsub; nchan_channel_id a "$1 b" $arg_c; nchan_pub_channel_id 1 2 3 4 5 6 7; }',
    );
    expect(values).toEqual({
      channel_id: 'a',
      channel_id_2: '"$1 b"',
      channel_id_3: '$arg_c',
      publisher_channel_id: '1',
      ...Object.fromEntries([2, 3, 4, 5, 6, 7].map((n) => [`publisher_channel_id_${n}`, String(n)])),
    });
  });

  it('of a nearer level replace all of an outer one', () => {
    const { values } = onlyEndpoint(
      'nchan_channel_id a b c;\nlocation / { nchan_pubsub; nchan_channel_id d; }',
    );
    expect(values).toEqual({ channel_id: 'd' });
  });

  it('are split where a delimiter says so', () => {
    const { settings } = onlyEndpoint(
      "nchan_channel_id_split_delimiter ', ';\nlocation / { nchan_pubsub; nchan_channel_id a; }",
    );
    expect(settings.channelIdSplitDelimiter).toBe(', ');
  });
});

describe('nchan_message_timeout', () => {
  it.each([
    ['0', 0],
    ['90', 90],
    ['1h30m', 5400],
    ['"1h 30m"', 5400],
    ['1y1M1w1d1h1m1s', 31536000 + 2592000 + 604800 + 86400 + 3600 + 60 + 1],
  ])('%s', (value, seconds) => {
    const { settings } = onlyEndpoint(`location / { nchan_publisher; nchan_message_timeout ${value}; }`);
    expect(settings.messageTimeout).toBe(seconds);
  });

  it.each(['abc', '""', '5ms', '-1', '1m1h', '1.5h'])('%s is refused', (value) => {
    expect(inLocation(`push_message_timeout ${value};`)).toEqual([
      `"push_message_timeout" directive invalid value "${value.replace('""', '')}"`,
    ]);
  });

  it('with variables is computed by the gateway', () => {
    const { settings, values } = onlyEndpoint(
      'location / { nchan_publisher; nchan_message_timeout "${arg_t}s"; }',
    );
    expect(settings.messageTimeout).toBe(3600);
    expect(values).toEqual({ message_timeout_expression: '"${arg_t}s"' });
  });

  it('given twice, the first wins', () => {
    const first = onlyEndpoint(
      'location / { nchan_publisher; nchan_message_timeout 1; push_message_timeout 2; }',
    );
    expect(first.settings.messageTimeout).toBe(1);
  });
});

describe('nchan_message_buffer_length and nchan_store_messages', () => {
  it.each([
    ['nchan_message_buffer_length 5;', 5],
    ['push_max_message_buffer_length 0;', 0],
    ['nchan_store_messages off;', 0],
    ['nchan_store_messages OFF;', 0],
    ['nchan_store_messages on;', 10],
    ['nchan_store_messages o;', 10],
    ['nchan_store_messages $arg_x;', 10],
    ['nchan_store_messages off; nchan_message_buffer_length 5;', 0],
    ['nchan_message_buffer_length 5; nchan_store_messages off;', 5],
    ['nchan_store_messages on; nchan_message_buffer_length 5;', 5],
  ])('%s', (lines, length) => {
    const { settings } = onlyEndpoint(`location / { nchan_publisher; ${lines} }`);
    expect(settings.messageBufferLength).toBe(length);
  });

  it.each(['abc', '-1', '5k', '""', '99999999999999999999'])('%s is refused', (value) => {
    expect(inLocation(`nchan_message_buffer_length ${value};`)).toEqual([
      `"nchan_message_buffer_length" directive invalid value "${value.replace('""', '')}"`,
    ]);
  });

  it('with variables is computed by the gateway', () => {
    const { values } = onlyEndpoint('location / { nchan_publisher; nchan_message_buffer_length $arg_n; }');
    expect(values).toEqual({ message_buffer_length_expression: '$arg_n' });
  });
});

describe('nchan_subscriber_first_message', () => {
  it.each([
    ['oldest', 1],
    ['NEW', 0],
    ['o', 1],
    ['5', 5],
    ['-32', -32],
    ['007', 7],
    ['-0', 0],
  ])('%s', (value, first) => {
    const { settings } = onlyEndpoint(
      `location / { nchan_subscriber; nchan_subscriber_first_message ${value}; }`,
    );
    expect(settings.firstMessage).toBe(first);
  });

  const FAULT = (value: string) =>
    `invalid nchan_subscriber_first_message value: ${value}, must be 'oldest', 'newest', or a number`;
  it.each([
    ['33', `${FAULT('33')} between -32 and 32`],
    ['-33', `${FAULT('-33')} between -32 and 32`],
    ['abc', FAULT('abc')],
    ['+5', FAULT('+5')],
    ['1.5', FAULT('1.5')],
    ['-', FAULT('-')],
    ['""', FAULT('')],
  ])('%s is refused', (value, message) => {
    expect(inLocation(`nchan_subscriber_first_message ${value};`)).toEqual([message]);
  });

  it('given twice, the last wins', () => {
    const lines = 'nchan_subscriber_first_message 3; nchan_subscriber_first_message 4;';
    expect(onlyEndpoint(`location / { nchan_subscriber; ${lines} }`).settings.firstMessage).toBe(4);
  });
});

describe('nchan_subscriber_timeout and nchan_max_channel_id_length', () => {
  it('set their values', () => {
    const { settings } = onlyEndpoint(
      'location / { nchan_pubsub; nchan_subscriber_timeout 1m; push_max_channel_id_length 7; }',
    );
    expect(settings).toMatchObject({ subscriberTimeout: 60, maxChannelIdLength: 7 });
  });

  it('refuse what is none', () => {
    expect(inLocation('push_subscriber_timeout 5ms;')).toEqual([
      '"push_subscriber_timeout" directive invalid value',
    ]);
    expect(inLocation('nchan_max_channel_id_length -1;')).toEqual([
      '"nchan_max_channel_id_length" directive invalid number',
    ]);
  });
});
