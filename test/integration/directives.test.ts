/** Nchan's directives side by side: what real Nchan accepts is accepted, and what it refuses is refused in its words. */
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../nginx/compiler/index.ts';
import { concealLogin } from '../../nginx/compiler/redis-url.ts';
import { compileFiles, testConfig } from '../support/compiled-nginx.ts';
import { tempDir } from '../support/files.ts';
import { VARIANTS } from './directive-variants.ts';
import { REDIS_VARIANTS } from './redis-directive-variants.ts';

const NCHAN_MODULE = '/usr/lib/nginx/modules/ngx_nchan_module.so';

const LISTEN = 'listen 127.0.0.1:1;';

/** The http level around a line: what begins with R is all of it. */
const PLACES: Record<string, (line: string) => string> = {
  H: (line) => `${line} server { ${LISTEN} }`,
  S: (line) => `server { ${LISTEN} ${line} }`,
  L: (line) => `server { ${LISTEN} location / { ${line} } }`,
  I: (line) => `server { ${LISTEN} location / { if ($arg_x) { ${line} } } }`,
  X: (line) => `server { ${LISTEN} location / { limit_except GET { ${line} } } }`,
  U: (line) => `upstream u { nchan_redis_server 127.0.0.1:1; ${line} } server { ${LISTEN} }`,
  R: (http) => http.replaceAll('server {', `server { ${LISTEN}`),
};

/** For directives that name an upstream. */
const UPSTREAM = 'upstream redis { nchan_redis_server 127.0.0.1:1; }';

/** What nginx says about the line, without its prefix and suffix. */
function complaintOf(output: string): string {
  // Of a fault, Nchan now and then only warns before it gives up.
  const said = (level: string) =>
    new RegExp(`\\[(?:${level})\\] (?:\\S+#\\S+ )?(.*?)(?: in \\S+:\\d+|:\\d+)$`, 'm').exec(output)?.[1];
  return said('emerg|error') ?? said('warn') ?? output;
}

/** What Nchan warns of; it takes no harm from what it calls errors there. Some are said several times. */
function warningsOf(output: string): readonly string[] {
  const lines = output.matchAll(/\[(?:warn|error)\] (?:\S+#\S+ )?(.*?) in \S+:\d+$/gm);
  return [...new Set([...lines].map(([, message]) => message as string))];
}

interface Judged {
  /** '' when it is accepted. */
  readonly complaint: string;
  readonly warnings: readonly string[];
}

async function nchan(http: string): Promise<Judged> {
  const dir = tempDir();
  const { status, output } = await testConfig(
    `load_module ${NCHAN_MODULE};\npid ${dir}/pid;\nevents {}\nhttp { access_log off;\n${http}\n}`,
  );
  if (status !== 0) return { complaint: complaintOf(output), warnings: [] };
  return { complaint: '', warnings: warningsOf(output) };
}

function njchan(http: string): Judged {
  try {
    const { notices } = compileFiles({ 'nginx.conf': `\n\nevents {}\nhttp { access_log off;\n${http}\n}` });
    return { complaint: '', warnings: notices.map(({ message }) => message) };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    return { complaint: error.problems[0]?.message as string, warnings: [] };
  }
}

describe('side by side with Nchan', () => {
  it.each([...VARIANTS, ...REDIS_VARIANTS].map(([variant, difference]) => ({ variant, difference })))(
    '$variant',
    async ({ variant, difference }) => {
      const [, place = 'L', line = ''] = /^(?:([HSLIXUR]) )?(.*)$/.exec(variant) ?? [];
      const http = `${UPSTREAM} ${(PLACES[place] as (line: string) => string)(line)}`;
      const theirs = await nchan(http);
      const ours = njchan(http);
      if (difference !== undefined) {
        expect(ours.complaint === '').not.toBe(theirs.complaint === '');
        return;
      }
      expect(ours.complaint).toBe(theirs.complaint);
      // njchan may have more to say.
      const said = theirs.warnings.map((text) => text.replace(/(?<=nchan_redis_server ).*/, concealLogin));
      expect(ours.warnings).toEqual(expect.arrayContaining(said));
    },
  );
});
