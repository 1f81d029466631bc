/** What hooks make of a configuration. */
import { describe, expect, it } from 'vitest';
import type { CompileOptions } from '../../../nginx/compiler/index.ts';
import { compileText, problemsOf } from './compiling.ts';

const HOOK = 'location /s { nchan_subscriber; nchan_channel_id c; nchan_subscribe_request /in; }';
const conf = (server: string, http = ''): string => `events {} http { ${http} server { ${server} } }`;
const compiled = (server: string, http = '', options: Partial<CompileOptions> = {}): string =>
  compileText(conf(server, http), options).config;
const socketsOf = (config: string): string[] =>
  Array.from(config.matchAll(/listen unix:(\S+)/g), ([, path]) => (path as string).replace(/;$/, ''));

describe('a server with hooks', () => {
  it('has an entrance in front of all that the user wrote', () => {
    const config = compiled(`rewrite ^/old /new; ${HOOK} listen 8080;`);
    const [socket] = socketsOf(config);
    expect(socket).toMatch(/^\/run\/hooks\/[0-9a-f]{10}\.sock$/);
    expect(config.indexOf('rewrite ^ /njchan-hook last;')).toBeLessThan(config.indexOf('rewrite ^/old'));
    expect(config).toContain(`if ($njchan_entrance = unix:${socket}) {`);
    expect(config).toMatch(
      /location = \/njchan-hook \{\n\s+internal;\n\s+set \$njchan_door [^;]*;\n\s+set \$njchan_tls_door [^;]*;\n\s+js_content njchan\.hook;/,
    );
  });

  it('without a listen keeps the one that nginx takes then', () => {
    expect(compiled(HOOK)).toMatch(/listen (80|8000);/);
    expect(compiled(`listen 8080; ${HOOK}`)).not.toMatch(/listen (80|8000);/);
  });

  it('has one over TLS where clients come over TLS, unless it asks for certificates', () => {
    expect(socketsOf(compiled(`listen 443 ssl; ${HOOK}`))).toHaveLength(2);
    expect(compiled(`listen 443 ssl; ${HOOK}`)).toMatch(/listen unix:\S+s\.sock ssl;/);
    expect(socketsOf(compiled(`listen 443 ssl; ssl_verify_client on; ${HOOK}`))).toHaveLength(1);
    expect(socketsOf(compiled(`listen 80; ${HOOK}`))).toHaveLength(1);
  });

  it('leaves the limits for heads as they are, and tells the sidecar of them', () => {
    expect(compiled(HOOK)).not.toMatch(/header_buffer|hookHeadLimits/);
    const config = compiled(
      `large_client_header_buffers 8 16k; ${HOOK}`,
      'client_header_buffer_size 2K; large_client_header_buffers 2 1m; max_headers 50;',
    );
    expect(config).toContain('"hookHeadLimits":[2048,8,16384,50]');
    expect(config.match(/large_client_header_buffers/g)).toHaveLength(2);
  });

  it('keeps its socket when other servers come and go', () => {
    const one = `server { listen 1; ${HOOK} }`;
    const two = `server { listen 2; server_name b; ${HOOK} }`;
    const sockets = (servers: string) => socketsOf(compileText(`events {} http { ${servers} }`).config);
    const [alone] = sockets(one);
    expect(sockets(two + one)[1]).toBe(alone);
    expect(sockets(one + two)[0]).toBe(alone);
    expect(new Set(sockets(one + one)).size).toBe(2);
  });

  it('does not ask again what was asked of the client', () => {
    const limits = 'limit_req zone=a; limit_conn b 1; deny all; auth_basic x; auth_request /y; gzip on;';
    const config = compiled(`listen 1; ${limits} ${HOOK}`, 'limit_req_zone $uri zone=a:1m rate=1r/s;');
    const location = /location = \/njchan-hook \{([^}]*)\}/.exec(config)?.[1] ?? '';
    for (const line of [
      'zone=njchan_hooks',
      'njchan_hook_connections',
      'allow all',
      'auth_basic off',
      'auth_request off',
      'gzip off',
    ]) {
      expect(location).toContain(line);
    }
    expect(config).toContain('limit_req_zone njchan zone=njchan_hooks');
  });

  it('names the variables that are set in it', () => {
    const config = compiled(
      `set $a 1; if ($uri ~ "(?<b>x)") { set $c 1; } location ~ ^/(?P<d>.)$ { auth_request_set $e 1; } ${HOOK}`,
    );
    expect(config).toContain("set $njchan_kept 'a,b,c,d,e';");
  });

  it('takes answers as large as the messages of its publishers', () => {
    const publisher = (size: string) =>
      `location /p { ${size} nchan_publisher; nchan_channel_id c; nchan_publisher_upstream_request /up; }`;
    expect(compiled(publisher(''))).toContain('subrequest_output_buffer_size 1048576;');
    expect(compiled(publisher('client_max_body_size 8m;'))).toContain(
      'subrequest_output_buffer_size 8388608;',
    );
    expect(compiled(publisher('client_max_body_size 0;'))).toContain(
      'subrequest_output_buffer_size 134217728;',
    );
    expect(compiled(publisher(''), 'subrequest_output_buffer_size 4k;')).not.toContain('1048576');
  });
});

it('a server without hooks is left as it was', () => {
  const config = compiled('listen 1; location /s { nchan_subscriber; nchan_channel_id c; }');
  expect(config).not.toMatch(/hook|entrance/i);
});

it('only locations with hooks pass on all headers', () => {
  const config = compiled(`${HOOK} location /t { nchan_subscriber; nchan_channel_id $foo; }`);
  expect(config.match(/proxy_pass_request_headers on;/g)).toHaveLength(1);
  expect(config.match(/proxy_pass_request_headers off;/g)).toHaveLength(1);
});

it('subscribers that an application is told of do not pass by the gateway', () => {
  const subscriber = 'listen 1; location ~ ^/s/(\\w+)$ { nchan_subscriber; nchan_channel_id $1;';
  expect(compiled(`${subscriber} }`)).toMatch(/njchan_direct_channel\b/);
  expect(compiled(`${subscriber} nchan_unsubscribe_request /gone; }`)).not.toMatch(/njchan_direct_channel\b/);
});

it('messages that are checked do not pass by the gateway', () => {
  const publisher = 'listen 1; location ~ ^/p/(\\w+)$ { nchan_publisher; nchan_channel_id $1;';
  expect(compiled(`${publisher} }`)).toMatch(/njchan_direct_channel\b/);
  expect(compiled(`${publisher} nchan_publisher_upstream_request /up; }`)).not.toMatch(
    /njchan_direct_channel\b/,
  );
});

it('the sidecar is told in which Redis subscribers are whom it is to be told of after a crash', () => {
  const location = (path: string, more: string) =>
    `location ${path} { nchan_subscriber; nchan_channel_id c; nchan_unsubscribe_request /out; ${more} }`;
  const keptOf = (server: string) =>
    compileText(conf(server, 'upstream r { nchan_redis_server redis://127.0.0.1; }')).keptHooks;
  expect(
    keptOf(
      ['', 'nchan_redis_pass r;', 'nchan_redis_pass r; nchan_store_messages off;']
        .concat(['nchan_redis_pass r; nchan_redis_namespace app;', 'nchan_use_redis on;'])
        .concat('nchan_redis_pass r; nchan_redis_namespace b; njchan_hooks_after_crash off;')
        .map((more, i) => location(`/${i}`, more))
        .join(' '),
    ),
  ).toEqual({
    sockets: '/run/hooks',
    redis: [
      { upstream: 'r', namespace: '' },
      { upstream: 'r', namespace: 'app:' },
      { upstream: 'redis://127.0.0.1:6379', namespace: '' },
    ],
  });
  expect(keptOf(location('/', ''))).toBeUndefined();
  expect(keptOf(HOOK.replace('nchan_channel_id', 'nchan_redis_pass r; nchan_channel_id'))).toBeUndefined();
});

it('a sidecar on another host cannot ask', () => {
  const options = { sidecar: { address: '10.0.0.1:80', secret: 'x'.repeat(20) } };
  expect(problemsOf(conf(HOOK), options)).toEqual([
    '/conf/nginx.conf:1: subscribe, unsubscribe and upstream requests need the sidecar on this host',
  ]);
});

it('a directory that makes the paths of the sockets too long is refused', () => {
  const at = (length: number) => problemsOf(conf(HOOK), { hooksDirectory: `/${'x'.repeat(length - 1)}` });
  expect(at(107 - '/0123456789.sock'.length)).toEqual([]);
  expect(at(108 - '/0123456789.sock'.length).join()).toMatch(
    /conf:1: .* 108 bytes.* choose a shorter --run-dir$/,
  );
});

it('the directory of the sockets can be chosen', () => {
  expect(socketsOf(compiled(HOOK, '', { hooksDirectory: '/x' }))[0]).toMatch(/^\/x\//);
});
