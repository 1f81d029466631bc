/** What nginx's variables gave for strings of the configuration, as it comes with a request (handoff/strings.ts). */

const VALUES = /^[A-Za-z0-9+/]*={0,2}(?:,[A-Za-z0-9+/]*={0,2})*$(?!\n)/;

/** True for a list that the gateway could have written. */
export function areStringValues(list: string): boolean {
  return VALUES.test(list);
}

/** The values of a list, one character a byte. */
export function stringValues(list: string): readonly string[] {
  return list.split(',').map((value) => Buffer.from(value, 'base64').toString('latin1'));
}
