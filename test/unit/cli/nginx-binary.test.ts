import { describe, expect, it } from 'vitest';
import { parseBuildInfo } from '../../../cli/nginx-binary.ts';

const HEAD = 'nginx version: nginx/1.22.1\nbuilt with OpenSSL 3.0.22\nconfigure arguments: ';

describe('the output of nginx -V', () => {
  it('gives the version, the modules path and the user', () => {
    const output = `${HEAD}--with-cc-opt='-g -O2' --prefix=/etc/nginx --modules-path=/usr/lib/nginx/modules --user=nginx --group=www`;
    expect(parseBuildInfo(output)).toEqual({
      version: '1.22.1',
      modulesPath: '/usr/lib/nginx/modules',
      prefix: '/etc/nginx',
      user: 'nginx',
      group: 'www',
      njsBuiltIn: false,
    });
  });

  it('takes values in quotes', () => {
    expect(parseBuildInfo(`${HEAD}--modules-path='/opt/my nginx/modules'`)?.modulesPath).toBe(
      '/opt/my nginx/modules',
    );
  });

  it('shows that njs was compiled in', () => {
    expect(parseBuildInfo(`${HEAD}--add-module=/build/njs-0.8.0/nginx`)?.njsBuiltIn).toBe(true);
    expect(parseBuildInfo(`${HEAD}--add-dynamic-module=/build/njs-0.8.0/nginx`)?.njsBuiltIn).toBe(false);
  });

  it('is taken from relatives of nginx too', () => {
    expect(parseBuildInfo('nginx version: openresty/1.25.3.1\n')?.version).toBe('1.25.3');
  });

  it('of something else is not taken for it', () => {
    expect(parseBuildInfo('usage: nginx [OPTIONS]')).toBeUndefined();
  });
});
