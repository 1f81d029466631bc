/** Which locations hand messages and subscribers off by themselves, and how. */
import { describe, expect, it } from 'vitest';
import { compileText } from './compiling.ts';

/** The channel of the only location that takes the short cut. */
function channelOf(location: string, outer = ''): string | undefined {
  const { config } = compileText(`events {}\nhttp {\n server {\n${outer}\n${location}\n}\n}\n`);
  const channel = /set \$njchan_direct_channel (.*);/.exec(config)?.[1];
  expect(config.includes('if ($njchan_direct_')).toBe(channel !== undefined);
  expect(config.includes('map $request_method')).toBe(channel !== undefined);
  return channel;
}

const publisher = (lines: string, head = '~ ^/pub/(.*)/(?<name>\\w+)$'): string =>
  `location ${head} {\nnchan_publisher;\n${lines}\n}`;

describe('a location hands messages off by itself', () => {
  it.each([
    ['nchan_channel_id $1;', '/$1'],
    ['nchan_channel_id "$1";', '/$1'],
    ["nchan_channel_id 'a-$1.b_$2~9';", '/a-$1.b_$2~9'],
    ['nchan_channel_id $name;', '/$name'],
    [`nchan_channel_id "\${name}x";`, `/\${name}x`],
    ['nchan_channel_id $arg_id;', '/$arg_id'],
    ['nchan_channel_id fixed;', '/fixed'],
    ['nchan_channel_id "";', '/'],
    ['nchan_channel_id $1; nchan_channel_group g-1;', 'g-1/$1'],
    ['nchan_channel_id $foo $bar; nchan_publisher_channel_id $1;', '/$1'],
    ['nchan_channel_id $1; nchan_subscriber;', '/$1'],
    ['nchan_channel_id $1; nchan_message_timeout 5s; nchan_message_buffer_length 3;', '/$1'],
    ['nchan_channel_id $1; nchan_max_channel_id_length 5;', '/$1'],
  ])('whose channel is known at once: %s', (lines, channel) => {
    expect(channelOf(publisher(lines))).toBe(channel);
  });

  it.each([
    'allow all; deny all;',
    'auth_request /auth; auth_request_set $user $upstream_http_user;',
    'auth_basic x; auth_basic_user_file /x; satisfy any;',
    'add_header A b always; expires 1h; error_page 404 /x; access_log off;',
    'client_max_body_size 1k; limit_req zone=a; limit_rate 1k;',
    'internal;',
  ])('with directives that act in front of it: %s', (lines) => {
    expect(channelOf(publisher(`nchan_channel_id $1; ${lines}`))).toBe('/$1');
  });

  it('with a constant or an argument for its channel, whatever its path', () => {
    for (const head of ['/', '= /pub', '^~ /pub']) {
      expect(channelOf(publisher('nchan_channel_id $arg_id;', head))).toBe('/$arg_id');
    }
  });

  it('nested in another', () => {
    const nested = 'location ~ ^/pub/(.*) { nchan_channel_id $1; }';
    expect(channelOf(`location /pub { nchan_publisher; nchan_channel_id $foo; ${nested} }`)).toBe('/$1');
  });
});

/** What of a location takes the short cut. */
function shortCuts(lines: string): string[] {
  const { config } = compileText(`events {} http { server { location ~ ^/(.*)$ {\n${lines}\n} } }`);
  return [...config.matchAll(/if \(\$njchan_direct_(\w+)/g)].map(([, name]) => name as string);
}

describe('a location hands off by itself', () => {
  it.each<[string, string[]]>([
    ['nchan_publisher; nchan_channel_id $1;', ['message']],
    ['nchan_publisher http; nchan_channel_id $1;', ['message']],
    ['nchan_subscriber; nchan_channel_id $1;', ['websocket', 'eventsource', 'longpoll']],
    ['nchan_pubsub; nchan_channel_id $1;', ['message', 'websocket', 'eventsource', 'longpoll']],
    ['nchan_subscriber websocket; nchan_channel_id $1;', ['websocket']],
    ['nchan_subscriber eventsource longpoll; nchan_channel_id $1;', ['eventsource', 'longpoll']],
    ['nchan_subscriber websocket intervalpoll longpoll; nchan_channel_id $1;', ['websocket']],
    ['nchan_subscriber eventsource http-raw-stream longpoll; nchan_channel_id $1;', ['eventsource']],
    ['nchan_subscriber eventsource; nchan_publisher websocket; nchan_channel_id $1;', ['eventsource']],
    ['nchan_pubsub; nchan_publisher_channel_id $1; nchan_subscriber_channel_id x;', ['message']],
    ['nchan_pubsub; nchan_publisher_channel_id $foo; nchan_subscriber_channel_id $1;', []],
    [
      'nchan_pubsub; nchan_channel_id $1; nchan_publisher_channel_id $1;',
      ['message', 'websocket', 'eventsource', 'longpoll'],
    ],
    ['nchan_subscriber; nchan_channel_id $1 $1;', []],
    ['nchan_subscriber; nchan_channel_id $1; nchan_channel_id_split_delimiter ,;', []],
    ['nchan_subscriber; nchan_channel_id $1; nchan_subscriber_last_message_id $arg_m;', []],
    ['nchan_subscriber; nchan_channel_id $1; nchan_access_control_allow_origin x;', []],
    ['nchan_subscriber; nchan_channel_id $1; nchan_authorize_request /auth;', []],
    ['nchan_subscriber; nchan_channel_id $1; proxy_read_timeout 5s;', []],
  ])('%s', (lines, names) => {
    expect(shortCuts(lines)).toEqual(names);
  });

  it('without touching the captures that its channel ids are made of', () => {
    const { config } = compileText(
      'events {} http { server { location / { nchan_pubsub; nchan_channel_id x; } } }',
    );
    // Only what finds a control character may be a regex: that request is refused.
    const regexes = [...config.matchAll(/^ *"?~.*$/gm)].map(([line]) => line);
    expect(regexes).toHaveLength(1);
    expect(regexes[0]).toContain('\\x00');
  });
});

describe('a location leaves everything to the gateway', () => {
  it.each([
    '',
    'nchan_channel_id $1 $2;',
    'nchan_channel_id $foo;',
    'nchan_channel_id $http_x;',
    'nchan_channel_id $uri;',
    'nchan_channel_id $0;',
    'nchan_channel_id "a b";',
    'nchan_channel_id a/b;',
    'nchan_channel_id a%;',
    'nchan_channel_id $;',
    'nchan_channel_id "${1}";',
    'nchan_channel_id "\\"";',
    'nchan_channel_id $1; nchan_channel_id_split_delimiter ,;',
    'nchan_channel_id $1; nchan_channel_group m;',
    'nchan_channel_id $1; nchan_channel_group a/b;',
    'nchan_channel_id $1; nchan_channel_group $arg_g;',
    'nchan_channel_id $1; nchan_message_timeout $arg_t;',
    'nchan_channel_id $1; nchan_message_buffer_length $arg_l;',
    'nchan_channel_id $1; nchan_subscriber_last_message_id $arg_m;',
    'nchan_channel_id $1; nchan_authorize_request /auth;',
  ])('when its messages need it: %s', (lines) => {
    expect(channelOf(publisher(lines))).toBeUndefined();
  });

  it.each([
    'nchan_publisher websocket;',
    'nchan_subscriber intervalpoll longpoll;',
    'nchan_subscriber http-chunked;',
  ])('when it takes nothing that has a short cut: %s', (line) => {
    expect(channelOf(`location ~ (.*) { ${line} nchan_channel_id $1; }`)).toBeUndefined();
  });

  it('when captures are not those of its own path', () => {
    expect(channelOf(publisher('nchan_channel_id $1;', '/pub'))).toBeUndefined();
    expect(channelOf(publisher('nchan_channel_id $name;', '~ ^/\\(?<name>'))).toBeUndefined();
    expect(
      channelOf('location ~ (.*) { location /pub { nchan_publisher; nchan_channel_id $1; } }'),
    ).toBeUndefined();
  });

  it.each([
    'if ($arg_x) { set $y 1; }',
    'limit_except POST { deny all; }',
    'rewrite ^ /x break;',
    'set $x 1;',
    'try_files $uri =404;',
    'proxy_set_header A b;',
    'proxy_intercept_errors on;',
    'gzip on;',
    'access_by_lua_block { a = {} }',
    'more_set_input_headers "A: b";',
    'auth_request_set $name $upstream_http_user;',
    'something_unknown on;',
  ])('with a directive that may get in the way: %s', (line) => {
    expect(channelOf(publisher(`nchan_channel_id $name; ${line}`))).toBeUndefined();
    const nested = 'location ~ (?<name>.*) { nchan_publisher; nchan_channel_id $name; }';
    expect(channelOf(`location /pub { ${line} ${nested} }`)).toBeUndefined();
  });

  it.each(['rewrite_by_lua_file x;', 'more_clear_input_headers A;', 'auth_request_set $arg_id $foo;'])(
    'with a directive of the server that changes requests: %s',
    (line) => {
      expect(channelOf(publisher('nchan_channel_id $arg_id;'), line)).toBeUndefined();
    },
  );

  it('when it is a named location, an `if`, or the rest of a server', () => {
    expect(channelOf(publisher('nchan_channel_id $arg_id;', '@named'))).toBeUndefined();
    expect(
      channelOf('location / { if ($arg_x) { nchan_publisher; nchan_channel_id $arg_id; } }'),
    ).toBeUndefined();
    expect(channelOf('', 'nchan_publisher; nchan_channel_id $arg_id;')).toBeUndefined();
  });
});

describe('what is written', () => {
  const text = (http = '') => `events {}
http {
    ${http}
    server {
        location ~ ^/pub/(.*)$ {
            nchan_publisher;
            nchan_channel_id $1;
        }
    }
}
`;

  it('passes on to the sidecar what it has to know, nothing else', () => {
    const { config } = compileText(text());
    expect(/location ~[\s\S]*?\n {8}\}/.exec(config)?.[0]).toBe(`location ~ ^/pub/(.*)$ {
            set $njchan_location 1;
            set $njchan_settings '{"location":"/conf/nginx.conf:5","publisher":["http","websocket"]}';
            set $njchan_handoff @njchan;
            set $njchan_direct_channel /$1;
            # nchan_publisher;
            # nchan_channel_id $1;
            js_var $njchan_1_channel_id $1;
            js_content njchan.publisher;
            if ($njchan_direct_message = $uri$is_args$args) {
                proxy_pass http://njchan_messages/$njchan_action;
            }
            proxy_http_version 1.1;
            proxy_method POST;
            proxy_pass_request_headers off;
            proxy_set_header Host njchan;
            proxy_set_header Njchan-Settings $njchan_settings;
            proxy_set_header Njchan-Direct-Channel $njchan_direct_channel;
            proxy_set_header Connection "";
            proxy_set_header Accept $http_accept;
            proxy_set_header Content-Type $http_content_type;
            proxy_set_header Origin $http_origin;
            proxy_set_header X-EventSource-Event $http_x_eventsource_event;
            proxy_set_header Njchan-Nginx nginx/$nginx_version;
            proxy_buffering off;
            chunked_transfer_encoding off;
            proxy_read_timeout 365d;
            proxy_send_timeout 60s;
            proxy_next_upstream error;
        }`);
  });

  it('has the secret of a sidecar over TCP', () => {
    const { config } = compileText(text(), { sidecar: { address: 'sidecar.local:4000', secret: 'abc' } });
    const location = config.slice(config.indexOf('location ~'), config.indexOf('location @'));
    expect(location).toContain('proxy_set_header Njchan-Secret abc;');
  });

  it('undoes what is meant for backends, and leaves access alone', () => {
    const { config } = compileText(text('proxy_intercept_errors on; deny all; auth_request /a; gzip on;'));
    const location = config.slice(config.indexOf('location ~'), config.indexOf('location @'));
    expect(location).toContain('proxy_intercept_errors off;\n');
    expect(location).toContain('gzip off;\n');
    expect(location).not.toMatch(/allow all|auth_request/);
  });
});
