/** Compiled configurations in real nginx. */
import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { CompileError, compile } from '../../nginx/compiler/index.ts';
import {
  compileFiles,
  nginx,
  type Outcome,
  run,
  runCompiled,
  STUB_GATEWAY,
  testConfig,
} from '../support/compiled-nginx.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { LARGE_CONFIG_LOCATIONS, largeConfig } from '../support/large-config.ts';
import { nginxConf } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { waitFor } from '../support/wait.ts';

describe('nginx accepts', () => {
  it('the example', async () => {
    const dir = tempDir();
    const bundle = join(dir, 'stub.js');
    writeFileSync(bundle, STUB_GATEWAY);
    const { config } = compile({
      file: join(REPOSITORY, 'nginx/nginx.conf'),
      sidecar: { socket: join(dir, 'sidecar.sock') },
      njsBundle: bundle,
      ...(nginx.jsModule === undefined ? {} : { jsModule: nginx.jsModule }),
      supervised: { pidFile: join(dir, 'pid'), tempDir: dir },
    });
    expect(await testConfig(config)).toEqual({ status: 0, output: '' });
  });

  const BIG = Array.from(
    { length: 400 },
    (_, i) =>
      `location ~ ^/${i}/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_channel_group g; nchan_message_timeout $arg_t; nchan_message_buffer_length $arg_n; }`,
  );
  const NASTY: Record<string, Record<string, string>> = {
    'no blanks, no line breaks': {
      'nginx.conf':
        'events{}http{access_log off;server{listen 127.0.0.1:1;location /{nchan_pubsub;nchan_channel_id x;}location /y{nchan_pubsub;}}}',
    },
    'sizes of the tables for maps, which nginx takes before the first map only': {
      'nginx.conf': `events {}
http {
  access_log off;
  map_hash_bucket_size 128;
  log_format nchan "$nchan_channel_id $nchan_version";
  server { listen 127.0.0.1:1; location ~ ^/m/(.*)$ { nchan_pubsub; nchan_channel_id $1; } }
  map_hash_max_size 4096;
  map $uri $m { default 0; }
}`,
    },
    'the same where requests pass by the gateway': {
      'nginx.conf': `events {}
http {
  access_log off;
  server { listen 127.0.0.1:1; location ~ ^/m/(.*)$ { nchan_pubsub; nchan_channel_id $1; } }
  map_hash_bucket_size 64; map_hash_max_size 4096;
}`,
    },
    'regular expressions, maps and quotes': {
      'nginx.conf': `events {}
http {
  access_log off;
  map $uri $m { default 0; "~^/a{2}" 1; nchan_x 2; include map.conf; }
  server {
    listen 127.0.0.1:1;
    location ~ "^/x{1,3}/(?<id>[^/]+)$" {
      nchan_publisher;
      nchan_channel_id "it's \\"$id\\" \${m}";
      nchan_channel_group 'a b';
      if ($m = "a}b") { nchan_store_messages off; set $y "}"; }
    }
  }
}`,
      'map.conf': '/q 1;',
    },
    'handlers of the server, nested locations, if and limit_except': {
      'nginx.conf': `events {}
http {
  access_log off; nchan_message_timeout 1h;
  server {
    listen 127.0.0.1:1; nchan_pubsub; nchan_channel_id $arg_id; deny all; auth_request /auth; add_header S 1; gzip on;
    error_page 404 /nf; proxy_intercept_errors on; proxy_cache off; proxy_method GET; proxy_hide_header A;
    location = /auth { return 204; }
    location /api { proxy_pass http://127.0.0.1:1; add_header X a always; types { text/x x; } limit_rate 1k;
      location ~ "^/api/(\\w{4})$" { access_log off; nchan_channel_id $1; error_page 404 =200 /nf;
        if ($arg_q) { add_header Y b; nchan_subscriber_timeout 5; }
        if ($arg_r) { set $z 1; }
        limit_except GET { allow all; } }
      location /api/x { client_max_body_size 1; default_type text/x; expires 1h; }
    }
    location @named { nchan_subscriber http-raw-stream; }
  }
}`,
    },
    'includes, some with directives and some without': {
      'nginx.conf':
        'events {}\nhttp {\n  access_log off;\n  include conf.d/*.conf; # all\n  include none*.conf;\n}',
      'conf.d/1.conf': 'server { listen 127.0.0.1:1; include snippets/l; }',
      'conf.d/2.conf': 'server { listen 127.0.0.1:2; nchan_pubsub; include snippets/l; include snippets/h; }',
      'conf.d/3.conf': 'server { listen 127.0.0.1:3; }',
      'snippets/l': 'location / { include snippets/h; }',
      'snippets/h': '# last line without a line break\nadd_header A b;',
    },
    'four hundred locations': {
      'nginx.conf': `events {}\nhttp { access_log off; server { listen 127.0.0.1:1; ${BIG.join('\n')} } }`,
    },
    'odd file names': {
      'nginx.conf': `events {}\nhttp { access_log off; server { listen 127.0.0.1:1; include "it's \\"$1\\" a*.conf"; } }`,
      'it\'s "$1" and.conf': 'location / { nchan_pubsub; add_header A b; }',
    },
    "the user's own JavaScript": {
      'nginx.conf':
        'events {}\nhttp { access_log off; js_import a from js/a.js; server { listen 127.0.0.1:1; js_import b from js/b.js; location / { js_content a.f; } location /b { js_content b.f; } location /x { nchan_pubsub; } } }',
      'js/a.js': "import lib from 'lib.js';\nexport default { f: lib.f };",
      'js/b.js': "import lib from 'lib.js';\nexport default { f: lib.f };",
      'lib.js': 'export default { f: function (r) { r.return(200); } };',
    },
  };
  it.each(Object.keys(NASTY))('%s', async (name) => {
    const { config } = compileFiles(NASTY[name] as Record<string, string>);
    expect(await testConfig(config)).toEqual({ status: 0, output: '' });
  });

  it('a configuration of 400 lines with 60 locations of all kinds', async () => {
    const text = largeConfig();
    const lines = text.split('\n').length;
    expect(lines).toBeGreaterThan(400);
    const started = performance.now();
    const { config, notices } = compileFiles({ 'nginx.conf': text });
    const ms = Math.round(performance.now() - started);
    // Past vitest, which would put headings around it. How long it takes is to be seen, not to be judged here.
    writeSync(1, `compile: ${lines} lines, ${LARGE_CONFIG_LOCATIONS} locations in ${ms} ms\n`);
    expect(notices).toEqual([]);
    expect(await testConfig(config)).toEqual({ status: 0, output: '' });
  });

  it('a sidecar over TCP', async () => {
    const { config } = compileFiles(
      {
        'nginx.conf':
          'events {}\nhttp { access_log off; server { listen 127.0.0.1:1; location / { nchan_pubsub; } } }',
      },
      { sidecar: { address: '127.0.0.1:4000', secret: 'a/b+c=' } },
    );
    expect(await testConfig(config)).toEqual({ status: 0, output: '' });
  });
});

it('nginx accepts what docs/configuration.md shows for writing it by hand', async () => {
  const document = readFileSync(join(REPOSITORY, 'docs/configuration.md'), 'utf8');
  const byHand = /<!-- by hand -->\n```nginx\n([\s\S]*?)```/.exec(document)?.[1] as string;
  const { config, dir } = compileFiles({
    'nginx.conf': 'events {}\nhttp { server { location / { nchan_pubsub; } } }',
  });
  const handoff = /location @njchan \{[\s\S]*?\n *\}/.exec(config)?.[0] as string;
  writeFileSync(join(dir, 'handoff.conf'), handoff);
  const text = byHand
    .replace('/usr/share/njchan/dist/njs/njchan.js', join(dir, 'stub.js'))
    .replace('njchan-handoff.conf', join(dir, 'handoff.conf'))
    .replace('listen 8080', 'access_log off; listen 127.0.0.1:1');
  const module = nginx.jsModule === undefined ? '' : `load_module ${nginx.jsModule};`;
  expect(await testConfig(`${module} pid ${dir}/pid; events {}\n${text}`)).toEqual({ status: 0, output: '' });
});

describe('nginx looks for the same files before and after', () => {
  const TLS = 'ssl_certificate /none; ssl_certificate_key /none;';
  it.each([
    'ssl_certificate none.pem; ssl_certificate_key none.key;',
    `ssl_password_file none.pw; ${TLS}`,
    'location / { proxy_ssl_certificate none.pem; proxy_ssl_certificate_key k; proxy_pass https://127.0.0.1:1; }',
    'location / { grpc_ssl_certificate none.pem; grpc_ssl_certificate_key k; grpc_pass grpcs://127.0.0.1:1; }',
    'location / { uwsgi_ssl_certificate none.pem; uwsgi_ssl_certificate_key k; uwsgi_pass suwsgi://127.0.0.1:1; }',
    'location / { proxy_ssl_verify on; proxy_ssl_trusted_certificate none.pem; proxy_pass https://127.0.0.1:1; }',
    'types { include none.types; }',
  ])('%s', async (line) => {
    const text = `events {}\nhttp { access_log off; server { listen 127.0.0.1:1 ssl; ${line} } }\n`;
    const { config, dir } = compileFiles({ 'nginx.conf': text });
    const before = await run(nginx.path, ['-t', '-q', '-c', join(dir, 'nginx.conf'), ...nginx.baseArguments]);
    const after = await testConfig(config);
    const missing = ({ output }: Outcome): string | undefined => /"([^"]*none[^"]*)"/.exec(output)?.[1];
    expect(missing(before)).toContain(dir);
    expect(missing(after)).toBe(missing(before));
  });
});

describe('faults of syntax are those of nginx', () => {
  it.each([
    'events {',
    'events {}}',
    'events {}\n;',
    'events {}\n{',
    'events {}\nuser x',
    'events {}\nuser "x',
    'events {}\nuser "x"y;',
    'events {} user }',
    'events {}\ninclude\nnone.conf\n;',
  ])('%j', async (text) => {
    const { output } = await testConfig(text);
    let ours = '';
    try {
      compileFiles({ 'nginx.conf': text });
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      const [{ line, message } = { line: 0, message: '' }] = error.problems;
      ours = `${message} in nginx.conf:${line}`;
    }
    const theirs = /\[emerg\] \S+ (.*)/.exec(output)?.[1] ?? '';
    expect(ours.replaceAll(/\/tmp\/[^/]+\//g, '')).toBe(theirs.replaceAll(/\/tmp\/[^/]+\//g, ''));
  });
});

describe('in running nginx', () => {
  /** What the sidecar was sent, and what the client got. */
  interface Exchange {
    readonly status: number;
    readonly headers: Headers;
    readonly sent: IncomingHttpHeaders;
    readonly method: string;
    readonly body: string;
  }

  let base = '';
  let other = '';

  async function exchange(path: string, init: RequestInit = {}, server = base): Promise<Exchange> {
    const response = await fetch(`${server}${path}`, init);
    const text = await response.text();
    const echo = text.startsWith('{') ? JSON.parse(text) : { sent: {}, method: '', body: text };
    return { status: response.status, headers: response.headers, ...echo };
  }

  beforeAll(async () => {
    const port = await freePort();
    const otherPort = await freePort();
    base = `http://127.0.0.1:${port}`;
    other = `http://127.0.0.1:${otherPort}`;
    const sidecar = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { headers: sent, method } = request;
        // A refusal, which error pages of the user must not replace.
        response.writeHead(403, { 'Content-Type': 'application/json', Etag: '1' });
        response.end(JSON.stringify({ sent, method, body: Buffer.concat(chunks).toString() }));
      });
    });
    await runCompiled(
      nginxConf(
        port,
        `
    add_header X-Server yes;
    deny all; mirror /mirror; proxy_method PUT; proxy_hide_header Etag; proxy_intercept_errors on;
    location = /mirror { allow all; return 204; }
    location ~ ^/plain/(.*)$ { allow all; nchan_pubsub; nchan_channel_id $1; }
    location ~ ^/headers/(.*)$ { allow all; nchan_pubsub; nchan_channel_id "x $1"; add_header X-Location $1 always; }
    location ~ ^/if/(.*)$ {
      allow all; nchan_pubsub; nchan_channel_id $1;
      if ($arg_a) { nchan_channel_id a-$1; add_header X-If a; }
      if ($arg_b) { set $unused 1; }
      if ($arg_p) { proxy_pass http://127.0.0.1:1; }
    }
    location /denied { nchan_pubsub; nchan_channel_id x; }
    location /small { allow all; nchan_publisher; nchan_channel_id x; client_max_body_size 10; }
    location /except { allow all; nchan_pubsub; nchan_channel_id x; limit_except GET { deny all; } }
    location /rewritten { allow all; rewrite ^/rewritten/(.*)$ /plain/$1; nchan_subscriber; nchan_channel_id wrong; }`,
        `
  server {
    listen 127.0.0.1:${otherPort};
    nchan_publisher; nchan_channel_id server$uri;
    location /proxied/ { proxy_pass http://127.0.0.1:1; }
    location /returned { return 200 "returned"; }
    location /outer { nchan_channel_id outer; location /outer/inner { nchan_subscriber; rewrite_log off; } }
    location /guarded { auth_request /auth; }
    location = /auth { return 204; }
  }`,
      ),
      sidecar,
    );
    await waitFor('nginx to answer', () => fetch(other).then(() => true));
  });

  it('the hand-off arrives, and nothing else of the client', async () => {
    const { status, sent, method, body, headers } = await exchange('/plain/a%20b', {
      method: 'POST',
      body: 'hello',
      headers: { 'Njchan-Channels': 'forged', 'X-Other': '1', 'Content-Type': 'text/x', Accept: 'text/json' },
    });
    expect({ status, method, body }).toEqual({ status: 403, method: 'POST', body: 'hello' });
    expect(JSON.parse(sent['njchan-settings'] as string)).toMatchObject({ publisher: ['http', 'websocket'] });
    expect(sent).toMatchObject({
      host: 'njchan',
      'njchan-action': 'pubsub',
      'njchan-channels': 'a b',
      'content-type': 'text/x',
      accept: 'text/json',
      'content-length': '5',
    });
    expect(sent['njchan-nginx']).toMatch(/^nginx\/\d/);
    expect(sent['x-other']).toBeUndefined();
    expect(headers.get('etag')).toBe('1');
  });

  it.each(['GET', 'DELETE', 'PATCH', 'STRANGE'])('%s arrives', async (method) => {
    expect(await exchange('/plain/x', { method })).toMatchObject({ status: 403, method: 'POST', body: '' });
  });

  it('access is that of the location, not that of the server around it', async () => {
    expect((await exchange('/plain/a%20b')).sent['njchan-channels']).toBe('a b');
    expect((await exchange('/denied')).body).toContain('403 Forbidden');
  });

  it("a location's headers are on the answer, and the server's where it has none", async () => {
    const own = await exchange('/headers/h');
    expect(own.sent['njchan-channels']).toBe('x h');
    expect(own.headers.get('x-location')).toBe('h');
    expect(own.headers.get('x-server')).toBeNull();
  });

  it('an if is an endpoint of its own, and the last that matches counts', async () => {
    const channels = async (query: string) => (await exchange(`/if/x${query}`)).sent['njchan-channels'];
    expect(await channels('')).toBe('x');
    expect(await channels('?a=1')).toBe('a-x');
    expect(await channels('?a=1&b=1')).toBe('x');
    expect(await channels('?p=1')).toBe('x');
  });

  it("a location's body limit holds", async () => {
    expect((await exchange('/small', { method: 'POST', body: 'ten bytes!' })).body).toBe('ten bytes!');
    expect((await exchange('/small', { method: 'POST', body: 'eleven byte' })).status).toBe(413);
  });

  it('limit_except lets pass and refuses', async () => {
    expect((await exchange('/except')).sent['njchan-channels']).toBe('x');
    expect((await exchange('/except', { method: 'POST', body: 'x' })).body).toContain('403 Forbidden');
  });

  it('a rewrite to another endpoint is served as that one', async () => {
    expect((await exchange('/rewritten/r')).sent).toMatchObject({
      'njchan-channels': 'r',
      'njchan-action': 'pubsub',
    });
  });

  it("a server's handler takes every location, and what is in none", async () => {
    const get = (path: string) => exchange(path, {}, other);
    expect((await get('/none')).sent).toMatchObject({
      'njchan-channels': 'server/none',
      'njchan-action': 'publisher',
    });
    expect((await get('/proxied/x')).sent['njchan-channels']).toBe('server/proxied/x');
    expect((await get('/outer/x')).sent['njchan-channels']).toBe('outer');
    expect((await get('/outer/inner')).sent).toMatchObject({
      'njchan-channels': 'outer',
      'njchan-action': 'pubsub',
    });
    expect((await get('/returned')).body).toBe('returned');
    expect((await get('/guarded')).sent['njchan-channels']).toBe('server/guarded');
  });
});
