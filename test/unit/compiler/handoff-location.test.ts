import { describe, expect, it } from 'vitest';
import { CLIENT_HEADERS, HANDOFF } from '../../../handoff/headers.ts';
import { compileText, problemsOf } from './compiling.ts';

/** The lines of a named location. */
function handoff(text: string, name = '@njchan', options = {}): string[] {
  const { config } = compileText(text, options);
  const body = new RegExp(`location ${name} \\{\\n([\\s\\S]*?)\\n *\\}\\n`).exec(config)?.[1];
  return (body ?? '').split('\n').map((line) => line.trim());
}

const PUBSUB = 'location / { nchan_pubsub; }';
const inServer = (lines: string, http = '') => `events {} http { ${http} server { ${lines} ${PUBSUB}\n}\n}`;
const inLocation = (lines: string) => `events {} http { server { location /o { ${lines} }\n}\n}`;

describe('what reaches the sidecar', () => {
  const lines = handoff(inServer(''));

  it('is the hand-off and the listed headers, nothing else', () => {
    expect(lines).toContain('proxy_pass_request_headers off;');
    const sent = lines
      .filter((line) => line.startsWith('proxy_set_header'))
      .map((line) => line.split(' ')[1]);
    const expected = Object.values(HANDOFF).map(({ header }) => header);
    expect(sent).toEqual(['Host', ...expected, 'Njchan-Request-Id', ...CLIENT_HEADERS, 'Njchan-Nginx']);
  });

  it('comes from the variables of the gateway and of the client', () => {
    expect(lines).toContain('proxy_set_header Njchan-Settings $njchan_settings;');
    expect(lines).toContain('proxy_set_header Connection $njchan_connection;');
    expect(lines).toContain('proxy_set_header X-EventSource-Event $http_x_eventsource_event;');
    expect(lines).toContain('proxy_set_header Njchan-Nginx nginx/$nginx_version;');
  });
});

describe('directives of the http and server levels', () => {
  it.each([
    ['deny all;', ['allow all;']],
    ['auth_basic x;', ['auth_basic off;']],
    ['auth_request /a;', ['auth_request off;']],
    ['mirror /m;', ['mirror off;']],
    ['gzip on; gzip_types *;', ['gzip off;']],
    ['brotli on;', ['brotli off;']],
    ['proxy_intercept_errors on;', ['proxy_intercept_errors off;']],
    ['proxy_request_buffering off;', ['proxy_request_buffering on;']],
    ['proxy_method GET;', []],
    ['proxy_hide_header Etag;', ['proxy_hide_header X-Accel-Charset;']],
  ])('that would spoil the hand-off are undone: %s', (line, undone) => {
    const without = handoff(inServer(''));
    for (const text of [inServer(line), inServer('', line)]) {
      expect(handoff(text).filter((given) => !without.includes(given))).toEqual(undone);
    }
  });

  it('that cannot be undone are refused, where they matter', () => {
    expect(problemsOf(inServer('\nproxy_set_body x;'))).toEqual([
      '/conf/nginx.conf:2: "proxy_set_body" would replace what is published in the locations that use njchan; put it into the locations that need it',
    ]);
    expect(problemsOf(`events {} http { server { proxy_set_body x; } server { ${PUBSUB} } }`)).toEqual([]);
  });
});

describe('directives of a location', () => {
  const COPIED = [
    'add_header A b always;',
    'expires 1h;',
    'access_log /x combined;',
    'error_log /x;',
    'limit_rate 1k;',
    'send_timeout 5s;',
    'keepalive_timeout 5s;',
    'client_max_body_size 1k;',
    'client_body_buffer_size 1k;',
    'more_set_headers "A: b";',
    'tcp_nodelay on;',
    'error_page 404 /x;',
    'server_tokens off;',
    'lingering_close off;',
    'default_type text/x;',
    'types { text/x x; }',
    'charset utf-8;',
    'log_by_lua_block { a = {} }',
    'js_header_filter a.b;',
  ];

  it.each(COPIED)('that matter while answering are repeated: %s', (line) => {
    const text = inLocation(`nchan_pubsub; ${line}`);
    expect(handoff(text, '@njchan_1')[0]).toBe(line);
    expect(compileText(text).config).toContain('set $njchan_handoff @njchan_1;');
    expect(handoff(text, '@njchan_1').slice(1)).toEqual(handoff(text));
  });

  it.each([
    'allow all;',
    'deny 1.2.3.4;',
    'auth_basic x;',
    'set $a 1;',
    'rewrite a b;',
    'limit_req zone=a;',
    'root /x;',
    'proxy_pass http://x;',
    'internal;',
    'gzip on;',
    'gzip_types *;',
    'brotli on;',
  ])('that did their work before, or would spoil the answer, are not: %s', (line) => {
    expect(compileText(inLocation(`nchan_pubsub; ${line}`)).config).toContain('set $njchan_handoff @njchan;');
  });

  it('come from the nearest level that has them, name by name', () => {
    const text = `events {} http { add_header H h; server { expires 1s;
      location /o { add_header A a; add_header B b; expires 2s; charset utf-8;
        location /o/i { nchan_pubsub; add_header C c; if ($arg_x) { charset off; } } } } }`;
    expect(handoff(text, '@njchan_1').slice(0, 4)).toEqual([
      'expires 2s;',
      'charset utf-8;',
      'add_header C c;',
      'proxy_pass http://njchan_sidecar/$njchan_action;',
    ]);
    expect(handoff(text, '@njchan_2').slice(0, 4)).toEqual([
      'expires 2s;',
      'add_header C c;',
      'charset off;',
      'proxy_pass http://njchan_sidecar/$njchan_action;',
    ]);
  });
});

describe('the Transfer-Encoding of chunks', () => {
  const ANNOUNCED = 'add_header Transfer-Encoding $njchan_transfer_encoding;';
  const headers = (text: string, name?: string): string[] =>
    handoff(text, name).filter((line) => line.startsWith('add_header'));
  const WITHOUT = 'nchan_subscriber es longpoll multipart;';

  it('is added where subscribers may get chunks', () => {
    expect(headers(inServer(''))).toEqual([ANNOUNCED]);
    expect(headers(inLocation('nchan_subscriber chunked;'))).toEqual([ANNOUNCED]);
    expect(headers(inLocation(`${WITHOUT} if ($arg_x) { nchan_subscriber chunked; }`))).toEqual([ANNOUNCED]);
    expect(headers(inLocation(WITHOUT))).toEqual([]);
    expect(headers(inLocation('nchan_publisher;'))).toEqual([]);
  });

  it('comes after the headers of the location', () => {
    const text = inLocation('nchan_subscriber chunked; add_header A a; add_header B b;');
    expect(headers(text, '@njchan_1')).toEqual(['add_header A a;', 'add_header B b;', ANNOUNCED]);
    expect(headers(inLocation(`${WITHOUT} add_header A a;`), '@njchan_1')).toEqual(['add_header A a;']);
  });

  it('does not cut off headers of outer levels', () => {
    const outer = (location: string, server = '', http = 'add_header H h always;') =>
      `events {} http { ${http} server { ${server} location /o { nchan_pubsub; ${location} }\n}\n}`;
    expect(headers(outer(''))).toEqual(['add_header H h always;', ANNOUNCED]);
    expect(headers(outer('expires 1h;'), '@njchan_1')).toEqual(['add_header H h always;', ANNOUNCED]);
    expect(headers(outer('', 'add_header S s; add_header S t;'))).toEqual([
      'add_header S s;',
      'add_header S t;',
      ANNOUNCED,
    ]);
    expect(headers(outer('add_header L l;', 'add_header S s;'), '@njchan_1')).toEqual([
      'add_header L l;',
      ANNOUNCED,
    ]);
  });

  it.each([
    ['on', ['add_header S s;', ANNOUNCED]],
    ['merge', [ANNOUNCED]],
    ['off', [ANNOUNCED]],
  ])('leaves inheritance to `add_header_inherit %s`', (word, expected) => {
    expect(headers(inServer('add_header S s;', `add_header_inherit ${word};`))).toEqual(expected);
    expect(headers(inServer(`add_header S s; add_header_inherit ${word};`))).toEqual(expected);
  });
});

describe('a sidecar over TCP', () => {
  const sidecar = { address: 'sidecar.local:4000', secret: 'abc-DEF_123' };

  it('is told the secret', () => {
    expect(handoff(inServer(''), '@njchan', { sidecar })).toContain(
      'proxy_set_header Njchan-Secret abc-DEF_123;',
    );
    expect(compileText(inServer(''), { sidecar }).config).toContain('server sidecar.local:4000 max_fails=0;');
  });

  it.each(['', 'a b', 'a"b', 'a;b', '$host', 'a\nb'])('has no secret like %j', (secret) => {
    expect(problemsOf(inServer(''), { sidecar: { ...sidecar, secret } })[0]).toContain(
      "the sidecar's secret",
    );
  });

  it.each(['', 'host', 'a b:1', 'a:1;', '$a:1'])('has no address like %j', (address) => {
    expect(problemsOf(inServer(''), { sidecar: { ...sidecar, address } })[0]).toContain('must be host:port');
  });
});
