import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { tempDir } from './files.ts';

export interface Certificate {
  /** Paths of PEM files. */
  readonly certificate: string;
  readonly key: string;
}

/** A self-signed certificate for localhost and 127.0.0.1, good for a day. */
export function selfSignedCertificate(): Certificate {
  const dir = tempDir();
  const files = { certificate: join(dir, 'cert.pem'), key: join(dir, 'key.pem') };
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  const out = ['-keyout', files.key, '-out', files.certificate];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
  execFileSync('openssl', ['req', '-x509', ...kind, ...subject, ...out], { stdio: 'pipe' });
  return files;
}
