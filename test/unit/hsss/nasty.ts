/** Sources that are hard to write down. Bytes as Latin-1. */
export const NASTY: Readonly<Record<string, string>> = {
  quotes: `return 'a' .. "b" .. '"' .. "'"\n`,
  backslashes: 'return "\\\\ \\n \\" \\0"\n',
  templates: 'return "`${x}` \\`"\n',
  crlf: 'local a = 1\r\nreturn a\r\n',
  cr: 'local a = 1\rreturn a\r',
  nul: 'return "a\0b" --\x000\n',
  control: 'return "\x01\x1b\x7f\b\t\v\f"\n',
  utf8: 'return "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"\n',
  utf8_separators: 'return "\xe2\x80\xa8\xe2\x80\xa9\xc2\x85\xc2\xa0"\n',
  utf8_direction: 'return "\xe2\x80\xae\xe2\x81\xa6\xef\xbb\xbf"\n',
  not_utf8: 'return "\xff\xfe\x80\xc3(\xed\xa0\x80"\n',
  all_bytes: `--${Array.from({ length: 256 }, (_, i) => (i === 10 || i === 13 ? '' : String.fromCharCode(i))).join('')}\nreturn 1`,
  long_string: `return [==[\n${'x'.repeat(70_000)}\n]]]==]`,
  long_comment: '--[[ */ // <!-- \n</script> ]]\nreturn 1',
  no_line_end: 'return 1',
  empty_lines: '\n\n\nreturn 1\n\n\n',
};
