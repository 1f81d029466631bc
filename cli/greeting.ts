/** What `njchan up` prints when it serves. */
import { realpathSync } from 'node:fs';
import type { CompileResult, ListenAddress } from '../nginx/compiler/index.ts';
import { PACKAGE_FILES, VERSION } from './package-files.ts';

/** Addresses that a client on this machine reaches as localhost. */
const LOCALHOST = new Set(['', '*', '0.0.0.0', '127.0.0.1', '::', '[::]', '::1', '[::1]']);

/** Commands that work with the shipped nginx.conf, to be tried at `url`. */
const SHIPPED_EXAMPLES = [
  (url: string) => `curl -i -d hi ${url}/pub/foo`,
  (url: string) => `curl -i ${url}/sub/foo`,
  (url: string) => `curl -N -H 'Accept: text/event-stream' ${url}/sub/foo`,
];

/** `http://localhost:8080`, or with the address when it is not one of this machine's own. */
export function urlOf({ host, port }: ListenAddress): string {
  const name = LOCALHOST.has(host) ? 'localhost' : host;
  return `http://${name}${port === 80 ? '' : `:${port}`}`;
}

function isShippedConfig(file: string): boolean {
  try {
    return realpathSync(file) === realpathSync(PACKAGE_FILES.shippedConfig);
  } catch {
    return false;
  }
}

/** @param file - the user's nginx.conf; @returns the text, with a line end */
export function greeting(file: string, compiled: CompileResult): string {
  const urls = [...new Set(compiled.listens.map(urlOf))];
  const { locations } = compiled;
  const lines = [
    `njchan ${VERSION} serves ${file}, ${locations} location${locations === 1 ? '' : 's'} with Nchan's directives, on`,
    ...urls.map((url) => `  ${url}`),
  ];
  if (urls[0] && isShippedConfig(file)) {
    const url = urls[0];
    lines.push('Try:', ...SHIPPED_EXAMPLES.map((example) => `  ${example(url)}`));
  }
  return `${lines.join('\n')}\n`;
}
