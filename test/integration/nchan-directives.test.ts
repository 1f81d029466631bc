/** The whole list of Nchan's directives: Nchan knows each of them, and so does njchan. */
import { describe, expect, it } from 'vitest';
import { DIRECTIVES, findDirective } from '../../nginx/compiler/directives/index.ts';
import { CompileError } from '../../nginx/compiler/errors.ts';
import { compileFiles, testConfig } from '../support/compiled-nginx.ts';
import { NCHAN_DIRECTIVES } from '../support/nchan-directives.ts';

const MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

const http = (name: string): string =>
  `events {} http { server { listen 127.0.0.1:1; location / { ${name} a b c d e f g h i j k; } } }`;

const UNKNOWN = /unknown directive/;

describe('every directive of Nchan', () => {
  it.each(NCHAN_DIRECTIVES)('%s', async (name) => {
    const { output } = await testConfig(`load_module ${MODULE};\n${http(name)}`);
    expect(output).not.toMatch(UNKNOWN);
    expect(output).toContain(`"${name}"`);
    expect(findDirective(name)).toMatchObject({ names: expect.arrayContaining([name]) });
    // Wherever the line is wrong, it is not for its name.
    try {
      compileFiles({ 'nginx.conf': http(name) });
    } catch (error) {
      if (!(error instanceof CompileError)) throw error;
      expect(error.problems.map(({ message }) => message).join('\n')).not.toMatch(UNKNOWN);
    }
  });

  it('is all that njchan has beside its own', () => {
    const names = DIRECTIVES.flatMap((row) => row.names).filter((name) => !name.startsWith('njchan_'));
    expect([...names].sort()).toEqual([...NCHAN_DIRECTIVES].sort());
  });
});
