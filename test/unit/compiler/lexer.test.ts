// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lexer, type Statement, SyntaxFault } from '../../../nginx/compiler/lexer.ts';

function statements(text: string): Statement[] {
  const lexer = new Lexer(text);
  const all: Statement[] = [];
  for (;;) {
    const statement = lexer.next();
    if (statement.terminator === 'eof') return all;
    all.push(statement);
  }
}

/** Words and terminators: `a b ; c {`. */
function words(text: string): string[] {
  return statements(text).flatMap(({ tokens, terminator }) => [
    ...tokens.map((token) => token.text),
    terminator,
  ]);
}

function fault(text: string): string {
  try {
    statements(text);
  } catch (error) {
    if (error instanceof SyntaxFault) return `${error.line}: ${error.message}`;
    throw error;
  }
  return 'none';
}

describe('words', () => {
  it.each([
    ['a b;', ['a', 'b', ';']],
    ['a\tb\r\n c ;', ['a', 'b', 'c', ';']],
    ['a "b c";', ['a', 'b c', ';']],
    [`a 'b "c';`, ['a', 'b "c', ';']],
    ['a "b;{}#";', ['a', 'b;{}#', ';']],
    ['a "";', ['a', '', ';']],
    ['a b"c d";', ['a', 'b"c', 'd"', ';']],
    ['a "b\\"c" d;', ['a', 'b"c', 'd', ';']],
    ['a "x\\ty\\nz\\\\";', ['a', 'x\ty\nz\\', ';']],
    ['a b\\;c;', ['a', 'b\\;c', ';']],
    ['a b\\ c;', ['a', 'b\\ c', ';']],
    ['a \\d+$;', ['a', '\\d+$', ';']],
    ['a b#c;', ['a', 'b#c', ';']],
    ['a # b;\nc;', ['a', 'c', ';']],
    ['# all\n', []],
    ['#', []],
    ['a ${b}c;', ['a', '${b}c', ';']],
    ['a "${b}";', ['a', '${b}', ';']],
    ['a b}c;', ['a', 'b}c', ';']],
    ['a{b;}', ['a', '{', 'b', ';', '}']],
    ['location ~ ^/a{2}$ { }', ['location', '~', '^/a', '{', '2}$', '{', '}']],
    ['if ("$a" = "b") {}', ['if', '("$a"', '=', 'b', ')', '{', '}']],
    ['a "b"{}', ['a', 'b', '{', '}']],
  ])('%j', (text, expected) => {
    expect(words(text)).toEqual(expected);
  });

  it('keep their source, quotes and all', () => {
    const text = `x  "a\\"b"\n'c' ;`;
    const [statement] = statements(text);
    expect(statement?.tokens.map((token) => token.raw)).toEqual(['x', '"a\\"b"', "'c'"]);
    for (const { raw, start, end } of statement?.tokens ?? []) expect(text.slice(start, end)).toBe(raw);
    expect(statement).toMatchObject({ start: 0, end: text.length, line: 1, endLine: 2 });
  });
});

describe('faults are worded as in nginx', () => {
  it.each([
    [';', '1: unexpected ";"'],
    ['a;\n{', '2: unexpected "{"'],
    ['a }', '1: unexpected "}"'],
    ['a "b"c;', '1: unexpected "c"'],
    ['a "b"#c', '1: unexpected "#"'],
    ['a "b"}', '1: unexpected "}"'],
    ['a', '1: unexpected end of file, expecting ";" or "}"'],
    ['a b\n', '2: unexpected end of file, expecting ";" or "}"'],
    ['a "b\n;', '2: unexpected end of file, expecting ";" or "}"'],
    ['a \\', '1: unexpected end of file, expecting ";" or "}"'],
    [`a ${'b'.repeat(4096)};`, '1: too long parameter "bbbbbbbbbb..." started'],
    [`\na "${'b'.repeat(4096)}`, '2: too long parameter, probably missing terminating """ character'],
    [`#${'b'.repeat(4095)}`, '1: too long parameter "#bbbbbbbbb..." started'],
  ])('%.20j', (text, expected) => {
    expect(fault(text)).toBe(expected);
  });

  it('nothing is wrong with what just fits into the buffer', () => {
    expect(fault(`a ${'b'.repeat(4095)};`)).toBe('none');
    expect(fault(`a "${'b'.repeat(4094)}";`)).toBe('none');
    expect(fault(`#${'b'.repeat(4094)}\n`)).toBe('none');
  });
});

describe('properties', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab \n;{}"\'\\$#)') });

  it('random text gives statements or a fault, and ends', () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(() => fault(input)).not.toThrow();
      }),
    );
  });

  it('what lies between the words is only blanks, comments and terminators', () => {
    fc.assert(
      fc.property(text, (input) => {
        if (fault(input) !== 'none') return;
        let rest = '';
        let position = 0;
        for (const { tokens } of statements(input)) {
          for (const token of tokens) {
            rest += `${input.slice(position, token.start)} `;
            position = token.end;
          }
        }
        rest += input.slice(position);
        expect(rest.replace(/#[^\n]*/g, '')).toMatch(/^[ \n;{}]*$/);
      }),
    );
  });

  it('quoted words come back as they were', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 50 })), (args) => {
        const quoted = args.map((arg) => `"${arg.replace(/[\\"]/g, '\\$&')}"`);
        expect(words(`x ${quoted.join(' ')};`)).toEqual(['x', ...args, ';']);
      }),
    );
  });
});
