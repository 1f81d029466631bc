/** Takes strings apart that the sidecar will put together again when something happens (handoff/strings.ts). */
import {
  COUNT_VARIABLES,
  GATEWAY_VARIABLES,
  MESSAGE_ID_VARIABLE,
  VERSION_VARIABLE,
} from '../../handoff/nchan-variables.ts';
import { LITERAL, MAX_STRING_VALUES, type StringPart } from '../../handoff/strings.ts';
import type { CarriedString } from './directives/row.ts';
import { ValueError } from './errors.ts';
import { quote } from './quote.ts';

/** Variables that are known only when it happens. */
const OF_EVENTS: ReadonlySet<string> = new Set([
  ...GATEWAY_VARIABLES,
  ...Object.keys(COUNT_VARIABLES),
  MESSAGE_ID_VARIABLE,
]);

const NCHAN = /^nchan_/;
/** Those about the whole server, which nginx knows. */
const OF_SERVER = /^nchan_stub_status_/;

/** A variable, a numbered capture, or what is meant for one; as nginx reads them. */
const VARIABLE = /\$(?:\{(\w*)(\}?)|(\w*))/g;

/**
 * Takes a string apart.
 * @param text without its quotes
 * @throws ValueError in the words of nginx, for what it would not read or does not know
 */
export function carriedString(text: string): CarriedString {
  const template: StringPart[] = [];
  const expressions: string[] = [];
  let run = '';
  let hasVariables = false;
  const endRun = (): void => {
    if (hasVariables) {
      template.push('');
      expressions.push(quote(run));
    } else if (run !== '') template.push(LITERAL + run);
    run = '';
    hasVariables = false;
  };
  let from = 0;
  for (const match of text.matchAll(VARIABLE)) {
    run += text.slice(from, match.index);
    from = match.index + match[0].length;
    const name = nameOf(match);
    if (OF_EVENTS.has(name)) {
      endRun();
      template.push(`$${name}`);
    } else {
      if (NCHAN.test(name) && !OF_SERVER.test(name) && name !== VERSION_VARIABLE) {
        throw new ValueError(`unknown "${name}" variable`);
      }
      // In braces, so that a digit that follows a capture is no part of its name.
      run += /^\d/.test(name) ? match[0] : `\${${name}}`;
      hasVariables = true;
    }
  }
  run += text.slice(from);
  endRun();
  if (expressions.length > MAX_STRING_VALUES) {
    throw new ValueError(
      `more than ${MAX_STRING_VALUES} variables of nginx between variables of Nchan; put those of nginx side by side`,
    );
  }
  return { template, expressions };
}

/** @throws ValueError */
function nameOf([whole, braced, brace, bare]: RegExpMatchArray): string {
  if (braced !== undefined && brace === '') {
    throw new ValueError(`the closing bracket in "${braced}" variable is missing`);
  }
  const name = braced ?? bare ?? '';
  if (name === '') throw new ValueError('invalid variable name');
  // nginx takes one digit for a capture, whatever follows.
  return /^[1-9]/.test(name) && braced === undefined ? (whole[1] as string) : name;
}
