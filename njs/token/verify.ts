/** Verifies signatures with the keys that nginx loaded. */
import { TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenKey } from '../../handoff/token.ts';
import type { ParsedToken } from './parse.ts';

/** Bytes of a signature with ES256: two numbers of 256 bits (RFC 7518 §3.4), as WebCrypto has them too. */
const ES256_BYTES = 64;

/**
 * The keys that may have signed a token: those that allow its algorithm and have its kid, or none. The algorithm thus
 * belongs to the key, and the token cannot have a public key taken for a secret.
 * @param keys as js_preload_object gives them: in njs 0.7.9 such an array has elements and a length, but no methods
 */
export function candidateKeys(keys: ArrayLike<TokenKey>, { alg, kid }: ParsedToken): TokenKey[] {
  const candidates: TokenKey[] = [];
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as TokenKey;
    const isNamed = kid === undefined || key.kid === '' || key.kid === kid;
    if (isNamed && has(key.algorithms, alg)) candidates.push(key);
  }
  return candidates;
}

function has(list: ArrayLike<string>, value: string): boolean {
  for (let i = 0; i < list.length; i++) if (list[i] === value) return true;
  return false;
}

/**
 * Tries keys one after the other.
 * @returns whether one of them has signed the token; rejects when a key cannot be used at all
 */
export function isSigned(token: ParsedToken, candidates: readonly TokenKey[], index = 0): Promise<boolean> {
  const key = candidates[index];
  if (!key) return Promise.resolve(false);
  return isSignedBy(token, key).then((isIt) => isIt || isSigned(token, candidates, index + 1));
}

function isSignedBy(token: ParsedToken, key: TokenKey): Promise<boolean> {
  const algorithm = TOKEN_ALGORITHMS[token.alg as TokenAlgorithm];
  const data = Buffer.from(key.data, 'base64');
  const hash = algorithm.hash as 'SHA-256' | 'SHA-384' | 'SHA-512';
  switch (algorithm.type) {
    case 'secret':
      return crypto.subtle
        .importKey('raw', data, { name: 'HMAC', hash }, false, ['sign'])
        .then((secret) => crypto.subtle.sign({ name: 'HMAC' }, secret, token.signed))
        .then((expected) => areEqual(Buffer.from(expected), token.signature));
    case 'RSA':
      return crypto.subtle
        .importKey('spki', data, { name: 'RSASSA-PKCS1-v1_5', hash }, false, ['verify'])
        .then((rsa) =>
          falseIfRejected(
            crypto.subtle.verify({ name: 'RSASSA-PKCS1-v1_5' }, rsa, token.signature, token.signed),
          ),
        );
    case 'EC':
      if (token.signature.length !== ES256_BYTES) return Promise.resolve(false);
      return crypto.subtle
        .importKey('spki', data, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify'])
        .then((ec) =>
          falseIfRejected(crypto.subtle.verify({ name: 'ECDSA', hash }, ec, token.signature, token.signed)),
        );
  }
}

/** njs rejects for signatures that OpenSSL cannot even read. */
function falseIfRejected(verified: Promise<boolean>): Promise<boolean> {
  return verified.then(
    (isIt) => isIt === true,
    () => false,
  );
}

/** Compares in a time that does not tell how much is right; njs does not say how it compares. */
function areEqual(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] as number) ^ (b[i] as number);
  return difference === 0;
}
