import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CompileError } from '../../../nginx/compiler/index.ts';
import { type Directive, parse } from '../../../nginx/compiler/parser.ts';
import { compileText } from './compiling.ts';

const source = (text: string) => ({ name: 'x', text, includedAt: [] });

/** `a b; c { d; }` as nested arrays. */
function outline(directives: readonly Directive[]): unknown[] {
  return directives.map(({ name, args, block }) => [
    [name, ...args.map((arg) => arg.text)].join(' '),
    ...(block ? [outline(block.children)] : []),
  ]);
}

describe('the tree', () => {
  it('has blocks with their directives', () => {
    const { directives, fault } = parse(source('a 1; b { c; d { } } e;'));
    expect(fault).toBeUndefined();
    expect(outline(directives)).toEqual([['a 1'], ['b', [['c'], ['d', []]]], ['e']]);
  });

  it('knows where everything stands', () => {
    const text = 'a {\n  b\n    c;\n}\n';
    const [a] = parse(source(text)).directives;
    const [b] = a?.block?.children ?? [];
    expect(text.slice(a?.start, a?.end)).toBe('a {\n  b\n    c;\n}');
    expect(text.slice(a?.block?.open, a?.block?.close)).toBe('\n  b\n    c;\n');
    expect(b).toMatchObject({ line: 2, endLine: 3 });
    expect(b?.parent).toBe(a?.block);
  });

  it.each([
    ['a {', 'unexpected end of file, expecting "}"', [['a', []]]],
    ['a; }', 'unexpected "}"', [['a']]],
    ['a { b; c', 'unexpected end of file, expecting ";" or "}"', [['a', [['b']]]]],
  ])('%s is a fault, but what came before is kept', (text, message, expected) => {
    const { directives, fault } = parse(source(text));
    expect(fault?.message).toBe(message);
    expect(outline(directives)).toEqual(expected);
  });

  it('refuses bottomless nesting', () => {
    expect(parse(source('a{'.repeat(10_000))).fault?.message).toBe('blocks are nested too deeply');
  });
});

describe('Lua blocks', () => {
  it.each([
    'local t = { a = {} }',
    'ngx.say("}")',
    `ngx.say('}', "\\"}")`,
    '-- }\nngx.exit(0)',
    '--[[ } \n } ]] x()',
    'local s = [==[ }]] ]=] ]==]',
  ])('%j', (lua) => {
    const { directives, fault } = parse(source(`content_by_lua_block {\n${lua}\n}\nb;`));
    expect(fault).toBeUndefined();
    expect(outline(directives)).toEqual([['content_by_lua_block', []], ['b']]);
    expect(directives[1]?.line).toBe(lua.split('\n').length + 3);
  });

  it('that do not end are faults', () => {
    expect(parse(source('a_by_lua_block { {}\n')).fault).toMatchObject({
      line: 2,
      message: 'unexpected end of file, expecting "}"',
    });
  });
});

describe('any text', () => {
  const pieces = fc.constantFrom(
    'http',
    'server',
    'location',
    'if',
    'nchan_pubsub',
    'nchan_channel_id',
    'include',
    'listen',
    'user',
    'js_content',
    ' ',
    '\n',
    ';',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '$',
    '#',
    '/',
    '*',
    'x',
    '1',
    'é',
    '_by_lua_block',
  );

  it('compiles or is refused with problems', () => {
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        try {
          compileText(parts.join(''));
        } catch (error) {
          expect(error).toBeInstanceOf(CompileError);
          expect((error as CompileError).problems.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('bytes of any kind compile or are refused with problems', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          compileText(bytes as unknown as string);
        } catch (error) {
          expect(error).toBeInstanceOf(CompileError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
