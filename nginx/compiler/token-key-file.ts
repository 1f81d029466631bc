/**
 * Reads what njchan_token_key names: keys in the forms in which people have them become what WebCrypto of njs 0.7.9 can
 * import. Everything that could let somebody forge a token is refused here, where the operator sees it.
 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import {
  TOKEN_ALGORITHMS,
  type TokenAlgorithm,
  type TokenKey,
  type TokenKeyType,
} from '../../handoff/token.ts';
import type { TokenKeySource } from './directives/token.ts';

/** What is wrong with a key; the message does not show it. */
export class TokenKeyError extends Error {}

/** Shorter RSA keys can be broken (RFC 7518 §3.3). */
const MIN_RSA_BITS = 2048;
/** Longer ones only cost time, with every token. */
const MAX_RSA_BITS = 8192;
/** More than any set of keys has; a log file that was named by mistake is not read whole. */
export const MAX_KEY_FILE_BYTES = 1024 * 1024;

/** The algorithms of a public key that names none. */
const DEFAULT_ALGORITHMS: Readonly<Record<TokenKeyType, readonly TokenAlgorithm[]>> = {
  RSA: ['RS256'],
  EC: ['ES256'],
  secret: [],
};

/** What is said about the keys of a file: those that can be used, and those of a set that were passed over. */
export interface KeyFile {
  readonly keys: readonly TokenKey[];
  readonly notices: readonly string[];
}

/**
 * Takes the content of a key file apart.
 * @throws TokenKeyError
 */
export function readKeyFile(content: Buffer, source: TokenKeySource): KeyFile {
  const text = content.toString('latin1');
  if (/^\s*\{/.test(text)) return readJwks(content.toString('utf8'), source);
  if (text.includes('-----BEGIN ')) return { keys: [pemKey(text, source)], notices: [] };
  return { keys: [secretFileKey(content, source)], notices: [] };
}

function pemKey(text: string, { kid, algorithms, isBase64 }: TokenKeySource): TokenKey {
  if (isBase64) throw new TokenKeyError('base64 is for secrets, and this is PEM');
  const labels = [...text.matchAll(/-----BEGIN ([^-\n]*)-----/g)].map(([, label = '']) => label);
  if (labels.some((label) => label.includes('PRIVATE KEY'))) {
    throw new TokenKeyError('is a private key; nginx must only have the public one');
  }
  if (labels.length > 1 && labels.some((label) => label !== 'CERTIFICATE')) {
    throw new TokenKeyError('has several keys; give each a file of its own');
  }
  return publicKey(parsed(text), kid, algorithms);
}

function parsed(key: string | { key: JsonWebKey; format: 'jwk' }): KeyObject {
  try {
    return createPublicKey(key);
  } catch (error) {
    throw new TokenKeyError(`is not a key: ${(error as Error).message}`);
  }
}

function publicKey(key: KeyObject, kid: string, wanted: readonly TokenAlgorithm[]): TokenKey {
  const { modulusLength = 0, namedCurve = '' } = key.asymmetricKeyDetails ?? {};
  let type: TokenKeyType;
  if (key.asymmetricKeyType === 'rsa') {
    type = 'RSA';
    if (modulusLength < MIN_RSA_BITS || modulusLength > MAX_RSA_BITS) {
      throw new TokenKeyError(
        `is an RSA key of ${modulusLength} bits; it must have from ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`,
      );
    }
  } else if (key.asymmetricKeyType === 'ec') {
    type = 'EC';
    if (namedCurve !== 'prime256v1') {
      throw new TokenKeyError(`is a key on the curve ${namedCurve}; only P-256 is possible`);
    }
  } else {
    throw new TokenKeyError(`is a key of the type ${key.asymmetricKeyType}; only RSA and EC are possible`);
  }
  const algorithms = fitting(type, wanted);
  return { kid, algorithms, data: key.export({ type: 'spki', format: 'der' }).toString('base64') };
}

function secretFileKey(content: Buffer, source: TokenKeySource): TokenKey {
  // A public key as a secret would let everybody sign, so it takes a word to make a file a secret.
  if (
    source.algorithms.length === 0 ||
    isDerKey(content) ||
    /^(?:ssh|ecdsa)-/.test(content.toString('latin1', 0, 6))
  ) {
    throw new TokenKeyError('is neither PEM nor JSON; a secret takes alg=HS256, alg=HS384 or alg=HS512');
  }
  // Editors and echo put a line break there, which those who sign do not take for a part of it.
  const line = content.at(-1) === 0x0a ? content.subarray(0, content.at(-2) === 0x0d ? -2 : -1) : content;
  return secretKey(source.isBase64 ? fromBase64(line) : line, source.kid, source.algorithms);
}

/** True for keys in DER, with or without base64 around them. */
function isDerKey(content: Buffer): boolean {
  return [content, Buffer.from(content.toString('latin1'), 'base64')].some((key) =>
    (['spki', 'pkcs1'] as const).some((type) => {
      try {
        createPublicKey({ key, format: 'der', type });
        return true;
      } catch {
        return false;
      }
    }),
  );
}

function fromBase64(content: Buffer): Buffer {
  const text = content.toString('latin1').replace(/\s/g, '');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) throw new TokenKeyError('is not base64');
  return Buffer.from(text, 'base64');
}

function secretKey(secret: Buffer, kid: string, wanted: readonly TokenAlgorithm[]): TokenKey {
  const algorithms = fitting('secret', wanted);
  for (const name of algorithms) {
    const { hashBytes } = TOKEN_ALGORITHMS[name];
    if (secret.length < hashBytes) {
      throw new TokenKeyError(
        `is a secret of ${secret.length} bytes; ${name} takes at least ${hashBytes} (RFC 7518 §3.2)`,
      );
    }
  }
  return { kid, algorithms, data: secret.toString('base64') };
}

/** The algorithms that a key is bound to. */
function fitting(type: TokenKeyType, wanted: readonly TokenAlgorithm[]): readonly TokenAlgorithm[] {
  const what = type === 'secret' ? 'a secret' : `an ${type} key`;
  for (const name of wanted) {
    if (TOKEN_ALGORITHMS[name].type !== type)
      throw new TokenKeyError(`is ${what}, which ${name} does not fit`);
  }
  return wanted.length > 0 ? [...new Set(wanted)] : DEFAULT_ALGORITHMS[type];
}

type Jwk = JsonWebKey & { readonly use?: unknown; readonly key_ops?: unknown };

function readJwks(text: string, source: TokenKeySource): KeyFile {
  if (source.isBase64) throw new TokenKeyError('base64 is for secrets, and this is JSON');
  const jwks = jwksOf(text);
  if (source.kid !== '' && jwks.length > 1) {
    throw new TokenKeyError('has several keys, which one kid= cannot name');
  }
  const keys: TokenKey[] = [];
  const notices: string[] = [];
  jwks.forEach((jwk, index) => {
    const name = typeof jwk.kid === 'string' ? `key "${jwk.kid}"` : `key ${index + 1}`;
    const why = passedOver(jwk, source.algorithms);
    if (why === undefined) keys.push(jwkKey(jwk, name, source));
    else notices.push(`${name} is passed over: ${why}`);
  });
  if (keys.length === 0)
    throw new TokenKeyError(`has no key that can be used${notices.map((n) => `; ${n}`).join('')}`);
  return { keys, notices };
}

/** The keys of a JWK set (RFC 7517 §5), or the one key that it is. */
function jwksOf(text: string): readonly Jwk[] {
  let json: { keys?: unknown; kty?: unknown };
  try {
    json = JSON.parse(text);
  } catch {
    throw new TokenKeyError('is not JSON, though it begins like it');
  }
  const list: unknown = json.kty === undefined ? json.keys : [json];
  if (!Array.isArray(list) || !list.every((jwk) => typeof jwk === 'object' && jwk !== null)) {
    throw new TokenKeyError('is JSON, but neither a JWK nor a JWK set');
  }
  return list;
}

/** Why a key of a set is not for us, as providers put all sorts of keys into theirs. */
function passedOver(jwk: Jwk, wanted: readonly TokenAlgorithm[]): string | undefined {
  if (jwk.use !== undefined && jwk.use !== 'sig') return `its use is "${jwk.use}"`;
  if (Array.isArray(jwk.key_ops) && !jwk.key_ops.includes('verify')) return 'its key_ops have no verify';
  if (!['RSA', 'EC', 'oct'].includes(jwk.kty as string)) return `its type is "${jwk.kty}"`;
  if (jwk.kty === 'EC' && jwk.crv !== 'P-256') return `its curve is "${jwk.crv}"`;
  if (jwk.alg !== undefined && !Object.hasOwn(TOKEN_ALGORITHMS, jwk.alg as string)) {
    return `its algorithm is "${jwk.alg}"`;
  }
  if (jwk.alg !== undefined && wanted.length > 0 && !wanted.includes(jwk.alg as TokenAlgorithm)) {
    return `its algorithm is ${jwk.alg}, which alg= leaves out`;
  }
  return undefined;
}

function jwkKey(jwk: Jwk, name: string, source: TokenKeySource): TokenKey {
  const kid = source.kid || (typeof jwk.kid === 'string' ? jwk.kid : '');
  const algorithms = jwk.alg === undefined ? source.algorithms : [jwk.alg as TokenAlgorithm];
  try {
    if (jwk.kty === 'oct') {
      if (algorithms.length === 0) throw new TokenKeyError('is a secret, which takes an alg');
      return secretKey(fromBase64(Buffer.from(String(jwk.k))), kid, algorithms);
    }
    if (jwk.d !== undefined) throw new TokenKeyError('is a private key; nginx must only have the public one');
    return publicKey(parsed({ key: jwk, format: 'jwk' }), kid, algorithms);
  } catch (error) {
    if (error instanceof TokenKeyError) throw new TokenKeyError(`${name} ${error.message}`);
    throw error;
  }
}
