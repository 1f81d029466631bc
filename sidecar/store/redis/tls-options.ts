/** How TLS to Redis is done. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ConnectionOptions, rootCertificates } from 'node:tls';
import type { RedisTls } from '../../../handoff/redis.ts';

/** Where systems keep the certificates that they trust, the administrator's own among them; Node's list lacks those. */
const SYSTEM_CERTIFICATES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/cert.pem',
];

const PEM = /-----BEGIN CERTIFICATE-----/;

function systemCertificates(): string[] {
  const file = SYSTEM_CERTIFICATES.find((path) => existsSync(path));
  return file === undefined ? [...rootCertificates] : [readFileSync(file, 'utf8')];
}

function certificatesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => readFileSync(join(directory, entry.name), 'utf8'))
    .filter((text) => PEM.test(text));
}

function trusted({ trustedCertificate, trustedCertificatePath }: RedisTls): string[] {
  const given = [
    ...(trustedCertificate ? [readFileSync(trustedCertificate, 'utf8')] : []),
    ...(trustedCertificatePath ? certificatesIn(trustedCertificatePath) : []),
  ];
  return given.length > 0 ? given : systemCertificates();
}

/**
 * What Node needs to know for a TLS connection. Files are read each time, so that renewed certificates are used from
 * the next connection on.
 * @param tls undefined for the defaults.
 * @throws Error when a file cannot be read.
 */
export function tlsConnectionOptions(tls: RedisTls | undefined): ConnectionOptions {
  if (!tls) return { ca: systemCertificates() };
  return {
    ca: trusted(tls),
    rejectUnauthorized: tls.verify,
    ...(tls.certificate ? { cert: readFileSync(tls.certificate) } : {}),
    ...(tls.certificateKey ? { key: readFileSync(tls.certificateKey) } : {}),
    ...(tls.serverName ? { servername: tls.serverName } : {}),
    ...(tls.ciphers ? { ciphers: tls.ciphers } : {}),
  };
}
