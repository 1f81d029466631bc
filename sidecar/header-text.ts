/**
 * Text of a directive as Node gives a header's value: one character a byte, so that both are written alike, as latin1.
 */
export function headerText(text: string): string {
  return Buffer.from(text).toString('latin1');
}
