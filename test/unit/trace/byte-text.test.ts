import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesAsWord, escapeBytes, MAX_VALUE_BYTES, quoteBytes } from '../../../cli/trace/byte-text.ts';

function bytesOf(text: string): string {
  return Buffer.from(text).toString('latin1');
}

describe('bytes in a trace', () => {
  it.each([
    ['text', bytesOf('Grüße 你好'), 'Grüße 你好'],
    ['quotes and backslashes', 'a"b\\c', 'a\\"b\\\\c'],
    ['control characters', 'a\n\r\t\x07\b\x00\x1b[31m', 'a\\n\\r\\t\\a\\b\\x00\\x1b[31m'],
    ["Nchan's stand-in for a brace", '{channel:a\x19b}', '{channel:a\\x19b}'],
    ['C1 controls in UTF-8', bytesOf('\u009b31m'), '\\xc2\\x9b31m'],
    ['a change of direction', bytesOf('\u202eabc'), '\\xe2\\x80\\xaeabc'],
    ['what is not UTF-8', '\x9a\xa3msg"', '\\x9a\\xa3msg\\"'],
  ])('are readable and harmless: %s', (_, bytes, text) => {
    expect(escapeBytes(bytes)).toBe(text);
  });

  it('never have a control character', () => {
    const bytes = fc.uint8Array().map((array) => Buffer.from(array).toString('latin1'));
    fc.assert(
      fc.property(bytes, (value) => {
        expect(escapeBytes(value)).not.toMatch(/\p{Cc}/u);
      }),
    );
  });

  it.each([
    ['{channel:test/a}:msg:17:0', '{channel:test/a}:msg:17:0'],
    ['', '""'],
    ['a b', '"a b"'],
    ['a=b', '"a=b"'],
    ["it's", '"it\'s"'],
  ])('stand without quotes when that is clear: %s', (bytes, word) => {
    expect(bytesAsWord(bytes, false)).toBe(word);
  });

  it('are cut when there are many, between characters', () => {
    const long = 'x'.repeat(MAX_VALUE_BYTES + 1);
    expect(quoteBytes(long, false)).toBe(`"${'x'.repeat(MAX_VALUE_BYTES)}…"(${MAX_VALUE_BYTES + 1} bytes)`);
    expect(bytesAsWord(long, false)).toBe(quoteBytes(long, false));
    expect(bytesAsWord(long, true)).toBe(long);
    for (const shift of ['', 'x', 'xx', 'xxx']) {
      expect(quoteBytes(bytesOf(shift + '😀'.repeat(100)), false)).toMatch(/^"x*(😀)+…"\(40\d bytes\)$/u);
    }
    expect(quoteBytes('\x80'.repeat(100), false)).toContain('\\x80…"(100 bytes)');
  });
});
