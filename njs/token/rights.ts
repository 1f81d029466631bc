/**
 * Which channels a token gives a right to (docs/tokens.md). Whatever is allocated here stays as long as the connection
 * does, since njs collects no garbage within a request: so there are loops where there could be lists and closures, and
 * what nearly all names and patterns are made of is not taken apart.
 */
import type { TokenRight } from '../../handoff/token.ts';
import { type JsonObject, member } from './parse.ts';

/** A pattern that is its own bytes: no escapes and nothing beyond ASCII. */
const PLAIN = /^[\x00-\x24\x26-\x7f]*$(?!\n)/;

const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/** A `%` that begins no escape. */
const LOOSE_PERCENT = /%(?![0-9A-Fa-f]{2})/;

const SLASH = '/'.charCodeAt(0);
const STAR = '*'.charCodeAt(0);
/** Stands for the star in a pattern whose escapes are decoded: no byte is this character. */
const DECODED_STAR = 0x100;

/**
 * Tells whether every channel is covered.
 * @param claim the value of the claim that holds the rights
 * @param channels full names `group/id`, percent-encoded
 */
export function allows(claim: unknown, right: TokenRight, channels: readonly string[]): boolean {
  if (typeof claim !== 'object' || claim === null || Array.isArray(claim)) return false;
  const patterns = member(claim as JsonObject, right);
  if (!Array.isArray(patterns)) return false;
  for (let i = 0; i < channels.length; i++) {
    if (!isCovered(nameOf(channels[i] as string), patterns)) return false;
  }
  return true;
}

/** What patterns call a channel, its bytes as characters: one without a group by its id alone. */
function nameOf(channel: string): string {
  return decoded(channel.charCodeAt(0) === SLASH ? channel.slice(1) : channel);
}

function isCovered(name: string, patterns: readonly unknown[]): boolean {
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i];
    if (typeof pattern === 'string' && fits(name, pattern)) return true;
  }
  return false;
}

function fits(name: string, pattern: string): boolean {
  if (PLAIN.test(pattern)) return matches(name, pattern, STAR);
  // Of a loose `%` nobody knows what it is to mean.
  if (LOOSE_PERCENT.test(pattern)) return false;
  const bytes = Buffer.from(pattern);
  let text = '';
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number;
    text += String.fromCharCode(byte === STAR ? DECODED_STAR : byte);
  }
  return matches(name, decoded(text), DECODED_STAR);
}

function decoded(text: string): string {
  if (text.indexOf('%') < 0) return text;
  return text.replace(ESCAPE, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/**
 * Tells whether a pattern fits a whole name. A star takes as little as it can, and one character more, but no slash,
 * when what follows it does not fit; stars before the last one need not be tried again then.
 * @param star the character code of stars in the pattern
 */
function matches(name: string, pattern: string, star: number): boolean {
  let at = 0;
  let next = 0;
  /** Where the pattern goes on after the last star, and where the name does. */
  let afterStar = -1;
  let taken = 0;
  while (at < name.length || next < pattern.length) {
    const wanted = next < pattern.length ? pattern.charCodeAt(next) : -1;
    if (wanted === star) {
      next += 1;
      afterStar = next;
      taken = at;
    } else if (at < name.length && wanted === name.charCodeAt(at)) {
      at += 1;
      next += 1;
    } else if (afterStar >= 0 && taken < name.length && name.charCodeAt(taken) !== SLASH) {
      taken += 1;
      at = taken;
      next = afterStar;
    } else {
      return false;
    }
  }
  return true;
}
