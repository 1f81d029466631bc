/** Writing values so that nginx reads them back unchanged. */

const BARE = /^[A-Za-z0-9_./:@=+,%~^*?-]+$/;

/** A word for nginx: bare when that is safe, else in double quotes. A `$` stays what it is in that place. */
export function quote(text: string): string {
  return BARE.test(text) ? text : `"${text.replace(/[\\"]/g, '\\$&')}"`;
}

/** A word in single quotes, as is readable for JSON. */
export function singleQuote(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`;
}
