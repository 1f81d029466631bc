/** Nchan's directives side by side: what real Nchan accepts is accepted, and what it refuses is refused in its words. */
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../nginx/compiler/index.ts';
import { compileFiles, testConfig } from '../support/compiled-nginx.ts';
import { tempDir } from '../support/files.ts';
import { VARIANTS } from './directive-variants.ts';

const NCHAN_MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

const PLACES: Record<string, (line: string) => string> = {
  H: (line) => `${line} server { listen 127.0.0.1:1; }`,
  S: (line) => `server { listen 127.0.0.1:1; ${line} }`,
  L: (line) => `server { listen 127.0.0.1:1; location / { ${line} } }`,
  I: (line) => `server { listen 127.0.0.1:1; location / { if ($arg_x) { ${line} } } }`,
  X: (line) => `server { listen 127.0.0.1:1; location / { limit_except GET { ${line} } } }`,
};

describe('side by side with Nchan', () => {
  it.each(VARIANTS.map(([variant, difference]) => ({ variant, difference })))(
    '$variant',
    async ({ variant, difference }) => {
      const [, place = 'L', line = ''] = /^(?:([HSLIX]) )?(.*)$/.exec(variant) ?? [];
      const http = (PLACES[place] as (line: string) => string)(line);
      const dir = tempDir();
      const theirs = await testConfig(
        `load_module ${NCHAN_MODULE};\npid ${dir}/pid;\nevents {}\nhttp { access_log off;\n${http}\n}`,
      );
      let ours = '';
      try {
        compileFiles({ 'nginx.conf': `\n\nevents {}\nhttp { access_log off;\n${http}\n}` });
      } catch (error) {
        if (!(error instanceof CompileError)) throw error;
        ours = error.problems.map(({ message }) => message)[0] as string;
      }
      if (difference !== undefined) {
        expect(ours === '').not.toBe(theirs.status === 0);
        return;
      }
      // What nginx says about the line, without its prefix and suffix.
      const complaint =
        theirs.status === 0
          ? ''
          : (/\[(?:emerg|error)\] (?:\S+#\S+ )?(.*?)(?: in \S+:\d+|:\d+)$/m.exec(theirs.output)?.[1] ??
            theirs.output);
      expect(ours).toBe(complaint);
    },
  );
});
