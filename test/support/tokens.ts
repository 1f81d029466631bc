/** Makes tokens as an application does, and keys for them. */
import { createHmac, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TokenAlgorithm } from '../../handoff/token.ts';
import { tempDir } from './files.ts';

/** What signs tokens, and the file with which they are verified. */
export interface SigningKey {
  readonly algorithm: TokenAlgorithm;
  readonly signWith: Buffer | KeyObject;
  readonly file: string;
}

const dir = tempDir();
let files = 0;

/** Writes a key file and gives its path. */
export function keyFile(content: string | Buffer, suffix = ''): string {
  files += 1;
  const path = join(dir, `key-${files}${suffix}`);
  writeFileSync(path, content);
  return path;
}

/** A new key for an algorithm. */
export function newKey(algorithm: TokenAlgorithm): SigningKey {
  if (algorithm.startsWith('HS')) {
    const secret = randomBytes(64);
    return { algorithm, signWith: secret, file: keyFile(secret.toString('base64'), '.secret') };
  }
  const { publicKey, privateKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const file = keyFile(publicKey.export({ type: 'spki', format: 'pem' }), '.pem');
  return { algorithm, signWith: privateKey, file };
}

const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/** Signs the text of a header and of claims, whatever they are. */
export function signText(header: string, claims: string | Buffer, key: SigningKey): string {
  const signed = `${encode(header)}.${encode(claims)}`;
  return `${signed}.${encode(signature(Buffer.from(signed), key))}`;
}

function signature(signed: Buffer, { algorithm, signWith }: SigningKey): Buffer {
  if (Buffer.isBuffer(signWith)) {
    return createHmac(`sha${algorithm.slice(2)}`, signWith)
      .update(signed)
      .digest();
  }
  return sign('sha256', signed, { key: signWith, dsaEncoding: 'ieee-p1363' });
}

/** Unix seconds, so many from now. */
export const inSeconds = (seconds: number): number => Math.floor(Date.now() / 1000) + seconds;

/** A token that is good for an hour unless the claims say otherwise; a claim that is undefined is left out. */
export function makeToken(key: SigningKey, claims: object, header: object = {}): string {
  const head = JSON.stringify({ alg: key.algorithm, typ: 'JWT', ...header });
  return signText(head, JSON.stringify({ exp: inSeconds(3600), ...claims }), key);
}

/** Rights to everything. */
export const ALL = { njchan: { publish: ['*', '*/*'], subscribe: ['*', '*/*'], delete: ['*', '*/*'] } };
