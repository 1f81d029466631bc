/** Bytes as C string literals: whatever compiler reads them, the string has the same bytes. */

/** Sequences that UTF-8 allows, in Latin-1. */
const UTF8 =
  '[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}|\\xed[\\x80-\\x9f][\\x80-\\xbf]|' +
  '\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}|\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2}';
/** `??/` is a backslash to compilers that know trigraphs, and so on. */
const TRIGRAPH = "\\?(?=\\?[=/'()!<>-])";
/** What may not stand in a literal as it is. Tabs, and bytes that belong to UTF-8, may. */
const SPECIAL = new RegExp(`${UTF8}|${TRIGRAPH}|[\\\\"\\x00-\\x08\\x0a\\x0d-\\x1f\\x7f-\\xff]`, 'g');

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '?': '?\\',
};

/** Three octal digits always: a fourth, from the source, cannot join them. */
function octal(byte: string): string {
  return `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`;
}

/**
 * One literal a line, each ending after its newline.
 * @param text - bytes as Latin-1
 */
export function cLiterals(text: string): string[] {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [''];
  return lines.map((line) => {
    const inside = line.replace(
      SPECIAL,
      (found) => ESCAPES[found] ?? (found.length > 1 ? found : octal(found)),
    );
    return `"${inside}"`;
  });
}

/** A `//` comment that ends with its line, also where a backslash would join the next one to it. */
export function cComment(text: string): string {
  const joins = /(?:\\|\?\?\/)[ \t\v\f]*$/.test(text);
  return `//${text}${joins ? ' .' : ''}`;
}
