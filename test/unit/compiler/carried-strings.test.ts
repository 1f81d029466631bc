// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
/** The strings that the sidecar puts together, and which requests bring along what they need. */
import { describe, expect, it } from 'vitest';
import { carriedString } from '../../../nginx/compiler/carried-string.ts';
import { compileFiles, compileText, endpointsOf, onlyEndpoint, problemsOf } from './compiling.ts';

describe('a string is taken apart', () => {
  it.each([
    ['', [], []],
    ['text', ['=text'], []],
    ['$nchan_channel_event', ['$nchan_channel_event'], []],
    ['${nchan_channel_id}2', ['$nchan_channel_id', '=2'], []],
    ['$nchan_channel_event $nchan_channel_id', ['$nchan_channel_event', '= ', '$nchan_channel_id'], []],
    ['a $arg_x b', [''], ['"a ${arg_x} b"']],
    ['$1x$2', [''], ['"$1x$2"']],
    [
      '$1x $nchan_version.$nchan_stub_status_channels',
      [''],
      ['"$1x ${nchan_version}.${nchan_stub_status_channels}"'],
    ],
    ['a$arg_x$nchan_message_id"\\', ['', '$nchan_message_id', '="\\'], ['"a${arg_x}"']],
    ['"\\$arg_x', [''], ['"\\"\\\\${arg_x}"']],
    [
      '$nchan_channel_subscriber_count $arg_a $nchan_prev_message_id$arg_b',
      ['$nchan_channel_subscriber_count', '', '$nchan_prev_message_id', ''],
      ['" ${arg_a} "', '"${arg_b}"'],
    ],
  ])('%s', (text, template, expressions) => {
    expect(carriedString(text)).toEqual({ template, expressions });
  });

  it.each([
    ['$', 'invalid variable name'],
    ['a$-', 'invalid variable name'],
    ['a${}', 'invalid variable name'],
    ['a${b', 'the closing bracket in "b" variable is missing'],
    ['$nchan_foo', 'unknown "nchan_foo" variable'],
    ['${nchan_channel_id5}', 'unknown "nchan_channel_id5" variable'],
  ])('%s is refused as nginx would', (text, message) => {
    for (const directive of ['channel_event_string', 'channel_events_channel_id', 'subscriber_info_string']) {
      const config = `events {}\nhttp {\nserver {\nlocation / {\nnchan_pubsub;\nnchan_${directive} '${text}';\n}}}`;
      expect(problemsOf(config)).toEqual([`/conf/nginx.conf:6: ${message}`]);
    }
  });

  it('more values than a request can bring along are refused', () => {
    const string = '$arg_x$nchan_channel_event'.repeat(33);
    expect(() => carriedString(string)).toThrow('more than 32 variables of nginx');
    expect(carriedString('$arg_x$nchan_channel_event'.repeat(32)).expressions).toHaveLength(32);
  });
});

const EVENTS = 'nchan_channel_events_channel_id e$1;';
const HEADERS = /proxy_set_header Njchan-(?:Events|Info) (?!"")/;

describe('events', () => {
  it('have the parts of their strings in the settings, and the values of nginx beside them', () => {
    const location = `location ~ (.*) { nchan_publisher; ${EVENTS} nchan_channel_event_string "$nchan_channel_event $arg_x"; }`;
    const { settings, values } = onlyEndpoint(location);
    expect(settings).toMatchObject({ eventChannel: [''], eventString: ['$nchan_channel_event', ''] });
    expect(values).toMatchObject({ event_channel: '"e$1"', event_string: '" ${arg_x}"' });
  });

  it('without a text of their own have none in the settings', () => {
    expect(onlyEndpoint(`location ~ (.*) { nchan_publisher; ${EVENTS} }`).settings.eventString).toBeNull();
  });

  it('without a channel leave nothing of their text', () => {
    const { settings, values } = onlyEndpoint(
      'location / { nchan_publisher; nchan_channel_event_string $arg_x; }',
    );
    expect(settings).toMatchObject({ eventChannel: null, eventString: null });
    expect(values).toEqual({});
  });

  it('make no use of the variables of requests, nor do these make locations slower', () => {
    const { config } = compileText(
      `events {} http { server { location ~ ^/a/(.*)$ { nchan_publisher; nchan_channel_id $1; ${EVENTS} }
        location ~ ^/b/(.*)$ { nchan_publisher; nchan_channel_id $1; } } }`,
    );
    expect(config).not.toContain('Njchan-Report');
    expect(config.match(/if \(\$njchan_direct/g)).toHaveLength(1);
  });

  it('need the header only if nginx has values for them', () => {
    const http = (lines: string): string =>
      compileText(`events {} http { server { location / { nchan_pubsub; nchan_channel_id x; ${lines} } } }`)
        .config;
    expect(http('nchan_channel_events_channel_id events;')).not.toMatch(HEADERS);
    expect(http('nchan_channel_events_channel_id $arg_x;')).toContain(
      'proxy_set_header Njchan-Events $njchan_events;',
    );
    expect(http('nchan_channel_events_channel_id $arg_x;')).toContain('js_var $njchan_events;');
  });

  it('of a level around are those of the levels in it, and the last of two counts', () => {
    const location =
      'location / { nchan_pubsub; nchan_channel_events_channel_id a; nchan_channel_events_channel_id b;\nlocation /x { } }';
    const { config } = compileText(`events {} http { server {\n${location} } }`);
    const channels = Object.values(endpointsOf(config)).map(({ settings }) => settings.eventChannel);
    expect(channels).toEqual([['=b'], ['=b']]);
  });
});

const SUBSCRIBER = 'location ~ ^/s/(.*)$ { nchan_subscriber; nchan_channel_id $1; DIRECTIVES }';
const ASKING = 'location ~ ^/i/(.*)$ { nchan_subscriber_info; nchan_channel_id $1; }';

describe('subscribers bring along what may be told of them', () => {
  const settingsOf = (server: string, http = '') => {
    const { config } = compileText(`events {} http { ${http} server {\n${server} } }`);
    return Object.values(endpointsOf(config)).map(({ settings }) => settings);
  };

  it('not where nobody asks', () => {
    const [settings] = settingsOf(SUBSCRIBER.replace('DIRECTIVES', 'nchan_subscriber_info_string x;'));
    expect(settings?.subscriberInfoString).toBeNull();
  });

  it('where some location asks, wherever it is', () => {
    const [settings, asking] = settingsOf(`${SUBSCRIBER.replace('DIRECTIVES', '')}\n${ASKING}`);
    expect(settings?.subscriberInfoString).toEqual(['$nchan_subscriber_type', '']);
    expect(asking).toMatchObject({ subscriberInfo: true, subscriberInfoString: null });
    const { config } = compileText(
      `events {} http { server { listen 1; ${SUBSCRIBER.replace('DIRECTIVES', '')} } server { listen 2; ${ASKING} } }`,
    );
    expect(config).toContain(
      '" ${remote_addr}:${remote_port} ${http_user_agent} ${server_name} ${request_uri} ${pid}"',
    );
  });

  it.each([
    ['distributed', true],
    ['nostore', true],
    ['backup', false],
  ])('where the channels are in Redis and another server may ask: %s', (mode, carries) => {
    const [settings] = settingsOf(
      SUBSCRIBER.replace('DIRECTIVES', `nchan_redis_pass r; nchan_redis_storage_mode ${mode};`),
      'upstream r { nchan_redis_server redis://127.0.0.1; }',
    );
    expect(settings?.subscriberInfoString !== null).toBe(carries);
  });

  it.each([
    ['', true],
    ['nchan_subscriber_info_string "$http_x_a $arg_b $nchan_message_id";', true],
    ['nchan_subscriber_info_string fixed;', true],
    ['nchan_subscriber_info_string $1;', false],
    ['nchan_subscriber_info_string $mapped;', false],
    ['nchan_subscriber_info_string $remote_user;', false],
  ])('past the gateway, if nginx can say it: %s', (lines, isDirect) => {
    const { config } = compileText(
      `events {} http { server { ${SUBSCRIBER.replace('DIRECTIVES', lines)} ${ASKING} } }`,
    );
    expect(config.includes('if ($njchan_direct_websocket')).toBe(isDirect);
    expect(/proxy_set_header Njchan-Info-1 /.test(config)).toBe(
      isDirect && lines !== 'nchan_subscriber_info_string fixed;',
    );
  });

  it('publishers do not', () => {
    const [settings] = settingsOf(`location /p { nchan_publisher; nchan_channel_id x; }\n${ASKING}`);
    expect(settings?.subscriberInfoString).toBeNull();
  });
});

describe('nchan_subscriber_info', () => {
  it('serves streams by GET, whatever the location publishes or subscribes besides', () => {
    const { settings } = onlyEndpoint(
      'location / { nchan_publisher; nchan_subscriber poll; nchan_subscriber_info; }',
    );
    expect(settings).toMatchObject({
      subscriberInfo: true,
      publisher: [],
      subscriber: ['websocket', 'eventsource', 'http-chunked', 'http-multipart', 'http-raw-stream'],
    });
  });

  it('refuses tokens: who may subscribe may not know who else does', () => {
    const files = (lines: string) => ({
      'nginx.conf': `events {} http { server {\nnjchan_token_key secret alg=HS256;\nlocation / {\nnchan_subscriber_info; nchan_channel_id x; ${lines}\n} } }`,
      secret: '0123456789abcdef0123456789abcdef0123456789abcdef',
    });
    const message = (directive: string): string =>
      `${directive}: tokens give no right to ask who subscribes; say "njchan_token off" in the location, and protect it otherwise`;
    expect(problemsOf(files(''))).toEqual([`/conf/nginx.conf:2: ${message('njchan_token_key')}`]);
    expect(problemsOf(files('njchan_token publish;'))).toEqual([
      `/conf/nginx.conf:4: ${message('njchan_token')}`,
    ]);
    expect(compileFiles(files('njchan_token off;')).notices).toEqual([]);
  });

  it('has no effect but its transports where another endpoint is written after it', () => {
    const { settings } = onlyEndpoint('location / { nchan_subscriber_info; nchan_publisher http; }');
    expect(settings).toMatchObject({ subscriberInfo: false, publisher: ['http'] });
    expect(settings.subscriber).toContain('http-raw-stream');
  });
});
