/** The bodies of lua-nginx-module's `…_by_lua_block { }`, which are Lua and not nginx configuration. */
import { type Lexer, SyntaxFault } from './lexer.ts';

/** Directives whose block is Lua. */
export const LUA_BLOCK = /_by_lua_block$/;

/** Whatever may hold a brace that is none of the block's: long brackets (as comments too), comments, strings. */
const OPAQUE = /(?:--)?\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'/y;

/**
 * Moves the lexer past the closing brace of a Lua block.
 * @param lexer stands just past the opening brace
 * @throws SyntaxFault when the file ends first
 */
export function skipLuaBlock(lexer: Lexer): void {
  const { text } = lexer;
  const start = lexer.position;
  let depth = 1;
  let position = start;
  while (position < text.length && depth > 0) {
    OPAQUE.lastIndex = position;
    if (OPAQUE.test(text)) {
      position = OPAQUE.lastIndex;
      continue;
    }
    if (text[position] === '{') depth++;
    if (text[position] === '}') depth--;
    position++;
  }
  lexer.position = position;
  lexer.line += text.slice(start, position).split('\n').length - 1;
  if (depth > 0) throw new SyntaxFault(lexer.line, 'unexpected end of file, expecting "}"');
}
