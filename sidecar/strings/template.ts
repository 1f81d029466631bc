/** Puts a string of the configuration together when something happens. */
import { isValue, LITERAL, type StringTemplate } from '../../handoff/strings.ts';

/** Nchan's variables by name, without their `$`, as they are by then: one character a byte. Others are empty. */
export type StringVariables = Readonly<Record<string, string | undefined>>;

/**
 * @param values what nginx gave for the template's values, in their order
 * @returns one character a byte
 */
export function fillIn(
  template: StringTemplate,
  values: readonly string[],
  variables: StringVariables,
): string {
  let text = '';
  let next = 0;
  for (const part of template) {
    if (isValue(part)) text += values[next++] ?? '';
    else if (part.startsWith(LITERAL)) text += bytesOf(part.slice(LITERAL.length));
    else text += variables[part.slice(1)] ?? '';
  }
  return text;
}

/** How many values a template takes. */
export function valueCount(template: StringTemplate): number {
  return template.filter(isValue).length;
}

/** Only what the configuration says may be beyond ASCII. */
function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}
