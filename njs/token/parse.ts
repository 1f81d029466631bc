/** Takes a token apart, strictly: whatever two readers could see in two ways is none (RFC 7515, RFC 8725). */
import { invalid, type TokenFault } from './fault.ts';

/** Characters of a token; nginx takes a header of this size by default. */
const MAX_TOKEN_LENGTH = 8192;

/** The types that a token for us may say it has; others are signed for other purposes (RFC 8725 §3.11). */
const TYPES: readonly string[] = ['jwt', 'at+jwt', 'application/jwt', 'application/at+jwt'];

/** A JSON object of the token; its members are read with `member` only. */
export type JsonObject = Readonly<Record<string, unknown>>;

export interface ParsedToken {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly claims: JsonObject;
  readonly signature: Buffer;
  /** What is signed: the first two parts as they are written. */
  readonly signed: Buffer;
}

const hasOwn = Object.prototype.hasOwnProperty;

/** A member of an object of JSON's, not of its prototype. */
export function member(object: JsonObject, name: string): unknown {
  return hasOwn.call(object, name) ? object[name] : undefined;
}

/** Reads a token, whose signature is still to be verified. */
export function parseToken(text: string): ParsedToken | TokenFault {
  if (text.length > MAX_TOKEN_LENGTH) return invalid(`has more than ${MAX_TOKEN_LENGTH} characters`);
  const parts = text.split('.');
  const bytes = parts.map(decode);
  const head = bytes[0];
  const body = bytes[1];
  const signature = bytes[2];
  if (parts.length !== 3 || !head || !body || !signature) return invalid('is not three parts in base64url');
  const header = parseObject(head);
  const claims = parseObject(body);
  if (!header || !claims) return invalid('is not made of two JSON objects');

  const alg = member(header, 'alg');
  const kid = member(header, 'kid');
  const typ = member(header, 'typ');
  if (typeof alg !== 'string') return invalid('names no algorithm');
  if (kid !== undefined && typeof kid !== 'string') return invalid('has a kid that is no text');
  if (typ !== undefined && (typeof typ !== 'string' || TYPES.indexOf(typ.toLowerCase()) < 0)) {
    return invalid('is of a type (typ) other than JWT');
  }
  if (member(header, 'crit') !== undefined) return invalid('has critical extensions (crit)');
  return { alg, kid, claims, signature, signed: Buffer.from(`${parts[0]}.${parts[1]}`) };
}

/** The bytes of base64url as only one text can stand for them; undefined for any other text. */
function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return text !== '' && bytes.toString('base64url') === text ? bytes : undefined;
}

/** The object that UTF-8 bytes are the JSON of. */
function parseObject(bytes: Buffer): JsonObject | undefined {
  const text = bytes.toString();
  if (!Buffer.from(text).equals(bytes)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (_fault) {
    return undefined;
  }
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject ? (value as JsonObject) : undefined;
}
