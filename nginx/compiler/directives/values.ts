/** Kinds of values that several directives take, with the words in which nginx and Nchan refuse others. */
import { parseMilliseconds, parseSeconds } from '../../../handoff/time.ts';
import { ValueError } from '../errors.ts';
import type { Token } from '../lexer.ts';
import { parseRedisUrl, type RedisUrl } from '../redis-url.ts';
import { onlyArgument, parseNumber, valid } from './row.ts';

/** A directive as it is written, whatever it sets. */
interface Written {
  readonly name: string;
  readonly args: readonly Token[];
}

const FLAGS: Readonly<Record<string, boolean>> = { on: true, off: false };

/**
 * `on` or `off` in any case, in full: one of nginx's flags.
 * @throws ValueError
 */
export function flag({ name, args }: Written): boolean {
  const { text } = onlyArgument(args);
  const word = text.toLowerCase();
  const value = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
  return valid(value, `invalid value "${text}" in "${name}" directive, it must be "on" or "off"`);
}

/**
 * A time, in seconds.
 * @throws ValueError
 */
export function seconds({ name, args }: Written): number {
  return valid(parseSeconds(onlyArgument(args).text), `"${name}" directive invalid value`);
}

/**
 * A time, in milliseconds; a number without a unit is seconds here too.
 * @throws ValueError
 */
export function milliseconds({ name, args }: Written): number {
  return valid(parseMilliseconds(onlyArgument(args).text), `"${name}" directive invalid value`);
}

const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };

/**
 * A size, in bytes: digits, with `k` or `m`.
 * @throws ValueError
 */
export function bytes({ name, args }: Written): number {
  const [, digits = '', unit = ''] = /^(\d+)([km]?)$/i.exec(onlyArgument(args).text) ?? [];
  const size = Number(digits) * (SIZE_UNITS[unit.toLowerCase()] as number);
  const isSize = digits !== '' && Number.isSafeInteger(size);
  return valid(isSize ? size : undefined, `"${name}" directive invalid value`);
}

const FRACTION_UNITS: Readonly<Record<string, number>> = { ...SIZE_UNITS, g: 1024 * 1024 * 1024 };

/**
 * A size, in whole bytes: digits with at most one point, with `k`, `m` or `g`.
 * @throws ValueError
 */
export function fractionalBytes({ name, args }: Written): number {
  const [, digits = '', unit = ''] =
    /^(\d{1,15}\.?\d{0,15}|\.\d{1,15})([kmg]?)$/i.exec(onlyArgument(args).text) ?? [];
  const size = Math.floor(Number(digits) * (FRACTION_UNITS[unit.toLowerCase()] as number));
  const isSize = digits !== '' && Number.isSafeInteger(size);
  return valid(isSize ? size : undefined, `"${name}" directive invalid value`);
}

/**
 * A fraction: digits with at most one point, no sign and no exponent.
 * @throws ValueError
 */
export function fraction({ name, args }: Written): number {
  const { text } = onlyArgument(args);
  const isFraction = /^(?:\d{1,15}\.?\d{0,15}|\.\d{1,15})$/.test(text);
  return valid(
    isFraction ? Number(text) : undefined,
    `"${name}" directive invalid value, must be a non-negative floating-point number`,
  );
}

/**
 * A Redis server. The message does not quote it, for it may have a password.
 * @throws ValueError
 */
export function redisUrl({ name, args }: Written): RedisUrl {
  return valid(parseRedisUrl(onlyArgument(args).text), `"${name}" directive url is invalid`);
}

/** What to say about the URL of a Redis server whose database is no number. */
export function databaseNotices({ name, args }: Written): readonly string[] {
  const database = parseRedisUrl(onlyArgument(args).text)?.badDatabase;
  return database === undefined ? [] : [`"${name}": the database "${database}" is no number, so it is 0`];
}

/**
 * A parser of numbers from `min` to `max`.
 * @throws ValueError in the parser
 */
export function numberBetween(min: number, max: number) {
  return ({ name, args }: Written): number => {
    const number = valid(parseNumber(onlyArgument(args).text), `"${name}" directive invalid number`);
    if (number < min || number > max) {
      throw new ValueError(`"${name}" directive must be between ${min} and ${max}`);
    }
    return number;
  };
}

/** What ends a line of an event stream, as its readers see it (WHATWG HTML §9.2.5). */
const LINE_END = /[\r\n]/;

/**
 * Text for one line.
 * @throws ValueError
 */
export function line({ name, args }: Written): string {
  const { text } = onlyArgument(args);
  if (LINE_END.test(text)) throw new ValueError(`"${name}" directive can't contain any newline characters`);
  return text;
}
