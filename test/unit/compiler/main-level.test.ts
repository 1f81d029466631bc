import { describe, expect, it } from 'vitest';
import { compileFiles, compileText } from './compiling.ts';

const HTTP = 'events {}\nhttp { server { location / { nchan_pubsub; } } }\n';
const jsModule = '/m/ngx_http_js_module.so';
const LOADED = `load_module ${jsModule};`;

describe('load_module', () => {
  it('of the js module is added', () => {
    expect(compileText(HTTP, { jsModule }).config.split('\n')[2]).toBe(LOADED);
    expect(compileText(HTTP).config).not.toContain('load_module');
  });

  it('of the js module is left to the user who has it', () => {
    expect(
      compileText(`load_module modules/ngx_http_js_module.so;\n${HTTP}`, { jsModule }).config,
    ).not.toContain(LOADED);
    const files = {
      'nginx.conf': `include m/*.conf;\n${HTTP}`,
      'm/1.conf': 'load_module "x/ngx_http_js_module.so";',
    };
    const { config } = compileFiles(files, { jsModule });
    expect(config).not.toContain(LOADED);
    expect(config).toContain('include /conf/m/*.conf;');
  });

  it('of Nchan is dropped, with a notice', () => {
    const files = {
      'nginx.conf': `include m/*.conf;\n${HTTP}`,
      'm/1.conf': 'load_module other.so;\nload_module modules/ngx_nchan_module.so;\n',
    };
    const { config, notices } = compileFiles(files);
    expect(config).toContain(
      '# include m/*.conf;\n# from /conf/m/1.conf:\nload_module other.so;\n# load_module modules/ngx_nchan_module.so;\n# end of include m/*.conf;\n',
    );
    expect(notices).toEqual([
      { file: '/conf/m/1.conf', line: 2, message: 'the nchan module is not loaded: njchan takes its place' },
    ]);
  });
});

describe('under njchan up', () => {
  const supervised = { pidFile: '/run/n c/pid', tempDir: '/run/nc/tmp' };

  it('the daemon and the pid file are those of njchan', () => {
    const { config } = compileText(`daemon on;\npid /x;\n${HTTP}`, { supervised });
    expect(config.split('\n').slice(2, 7)).toEqual([
      'daemon off;',
      'pid "/run/n c/pid";',
      '',
      '# daemon on;',
      '# pid /x;',
    ]);
  });

  it('temporary files are in the run directory, unless the user says where', () => {
    const { config } = compileText(HTTP.replace('http {', 'http { proxy_temp_path /mine;'), { supervised });
    expect(config).toContain('client_body_temp_path /run/nc/tmp/client_body;');
    expect(config).toContain('scgi_temp_path /run/nc/tmp/scgi;');
    expect(config).not.toContain('proxy_temp_path /run');
  });

  it('all that holds without locations too', () => {
    const { config } = compileText('events {} http { }', { supervised });
    expect(config).toContain('daemon off;');
    expect(config).toContain('uwsgi_temp_path /run/nc/tmp/uwsgi;');
    expect(config).not.toContain('js_import');
  });
});

describe('user', () => {
  it.each([
    ['', undefined],
    ['user www;', { name: 'www' }],
    ['user www data;', { name: 'www', group: 'data' }],
  ])('%j', (line, user) => {
    expect(compileText(line + HTTP).user).toEqual(user);
  });
});

describe('listens', () => {
  const listens = (text: string) =>
    compileText(`events {} ${text}`).listens.map(({ host, port }) => `${host} ${port}`);

  it.each([
    ['80', '0.0.0.0 80'],
    ['*:8080', '0.0.0.0 8080'],
    ['127.0.0.1', '127.0.0.1 80'],
    ['127.0.0.1:81 default_server', '127.0.0.1 81'],
    ['localhost:82', 'localhost 82'],
    ['localhost', 'localhost 80'],
    ['[::]:83 ipv6only=on', ':: 83'],
    ['[::1]', '::1 80'],
  ])('%s', (address, expected) => {
    expect(listens(`http { server { listen ${address}; } }`)).toEqual([expected]);
  });

  it.each(['unix:/x', '443 quic', 'a:b', '99999', '""', '[::', '5-3'])('not %s', (address) => {
    expect(listens(`http { server { listen ${address}; } }`)).toEqual([]);
  });

  it('are those of every server, each once, ranges one by one', () => {
    expect(
      listens(
        'http { server { listen 1; listen 2; } server { listen *:2; listen 10-12; } } stream { server { listen 53 udp; listen 3; } server { } }',
      ),
    ).toEqual(['0.0.0.0 1', '0.0.0.0 2', '0.0.0.0 10', '0.0.0.0 11', '0.0.0.0 12', '0.0.0.0 3']);
  });

  it('of a server that says none is the default', () => {
    const port = process.getuid?.() === 0 ? 80 : 8000;
    expect(compileText('events {} http {\n server { } }').listens).toEqual([
      { host: '0.0.0.0', port, file: '/conf/nginx.conf', line: 2 },
    ]);
  });
});
