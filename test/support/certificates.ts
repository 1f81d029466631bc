/** Certificates for servers and clients, made anew for each test file. */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { tempDir } from './files.ts';

export interface Certificate {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Certificate {
  /** Issues a certificate for a name, as in `IP:127.0.0.1` or `DNS:redis.test`. */
  issue(subject: string): Certificate;
}

const VALID_DAYS = '2';

function openssl(args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** Makes an authority that nobody else trusts. */
export function makeAuthority(): Authority {
  const dir = tempDir();
  const path = (name: string) => join(dir, name);
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const certificate = path('ca.crt');
  const key = path('ca.key');
  openssl([
    ...['req', '-x509', ...newKey, '-keyout', key, '-out', certificate],
    ...['-days', VALID_DAYS, '-subj', '/CN=njchan test authority'],
  ]);
  let issued = 0;
  return {
    certificate,
    key,
    issue(subject) {
      const name = `cert${++issued}`;
      openssl([
        ...['req', '-x509', '-CA', certificate, '-CAkey', key, ...newKey],
        ...['-keyout', path(`${name}.key`), '-out', path(`${name}.crt`), '-days', VALID_DAYS],
        ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${subject}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE'],
      ]);
      return { certificate: path(`${name}.crt`), key: path(`${name}.key`) };
    },
  };
}
