/** Which locations hand messages off by themselves, and how. */
import { describe, expect, it } from 'vitest';
import { compileText } from './compiling.ts';

/** The channel of the only location that takes the short cut. */
function channelOf(location: string, outer = ''): string | undefined {
  const { config } = compileText(`events {}\nhttp {\n server {\n${outer}\n${location}\n}\n}\n`);
  const channel = /set \$njchan_publish (.*);/.exec(config)?.[1];
  expect(config.includes('if ($njchan_direct')).toBe(channel !== undefined);
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

  it.each(['nchan_publisher websocket;', 'nchan_subscriber;'])('when it takes no messages: %s', (line) => {
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
            set $njchan_publish /$1;
            # nchan_publisher;
            # nchan_channel_id $1;
            js_var $njchan_1_channel_id $1;
            js_content njchan.publisher;
            if ($njchan_direct = $uri$is_args$args) {
                proxy_pass http://njchan_publish/$njchan_action;
            }
            proxy_http_version 1.1;
            proxy_method POST;
            proxy_pass_request_headers off;
            proxy_set_header Host njchan;
            proxy_set_header Njchan-Settings $njchan_settings;
            proxy_set_header Njchan-Publish $njchan_publish;
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
