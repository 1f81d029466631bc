/** Kinds of values that several directives take, with the words in which nginx and Nchan refuse others. */
import { parseSeconds } from '../../../handoff/time.ts';
import { ValueError } from '../errors.ts';
import type { Token } from '../lexer.ts';
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
