import { describe, expect, it } from 'vitest';
import { compileFiles, compileText } from './compiling.ts';

const compiled = (line: string): string => compileText(`events {} http { server { ${line} } }`).config;

describe('made absolute', () => {
  it.each([
    ['ssl_certificate a.pem;', 'ssl_certificate /conf/a.pem;'],
    ['ssl_certificate_key "k/a b.pem";', 'ssl_certificate_key "/conf/k/a b.pem";'],
    ['ssl_certificate ../x/$ssl_server_name.pem;', 'x/$ssl_server_name.pem";'],
    ['ssl_dhparam d;', 'ssl_dhparam /conf/d;'],
    ['proxy_ssl_trusted_certificate a;', 'proxy_ssl_trusted_certificate /conf/a;'],
    ['grpc_ssl_certificate a;', 'grpc_ssl_certificate /conf/a;'],
    ['uwsgi_ssl_crl a;', 'uwsgi_ssl_crl /conf/a;'],
    ['auth_basic_user_file users/$host;', 'auth_basic_user_file "/conf/users/$host";'],
    ['js_path js;', 'js_path /conf/js;'],
    ['js_preload_object x from x.json;', 'js_preload_object x from /conf/x.json;'],
    ['types { include mime; }', 'types { include /conf/mime; }'],
  ])('%s', (line, expected) => {
    expect(compiled(line)).toContain(expected);
  });
});

describe('left alone', () => {
  it.each([
    'ssl_certificate /a.pem;',
    'ssl_certificate $cert;',
    'ssl_certificate data:$cert;',
    'ssl_certificate_key engine:pkcs11:x;',
    'ssl_certificate;',
    'access_log logs/a.log;',
    'root html;',
    'proxy_temp_path tmp;',
    'js_import missing.js;',
    'types { ssl_certificate a; }',
  ])('%s', (line) => {
    expect(compiled(line)).toContain(line);
  });
});

describe("modules of the user's", () => {
  it('are imported by their full path, and what they import is found where it was', () => {
    const { config } = compileFiles({
      'nginx.conf': 'events {} http { js_import a from js/a.js; js_import b.js; }',
      'js/a.js': '',
    });
    expect(config).toContain('js_path /conf;');
    expect(config).toContain('js_import a from /conf/js/a.js; js_import b.js;');
  });
});
