/** The comments that hsss itself acts upon: `--- @include "name"` and `--- @debug`. */
import type { SourceLine } from './source-file.ts';

export type Directive =
  | { readonly kind: 'include'; readonly name: string }
  | { readonly kind: 'debug' }
  | { readonly kind: 'wrong'; readonly message: string };

const DIRECTIVE = /^---\s*@(include|debug)\b(.*)$/;
/** A path inside the include directory. */
const INCLUDED = /^\s+"([^"]+)"\s*$/;
const STAYS_INSIDE = /^(?!\/)(?!(?:.*\/)?\.\.?(?:\/|$))[\w./-]+$/;

/** The directive on a line, or undefined. What looks like one and is not is `wrong`. */
export function directiveOf({ comment, code, continues }: SourceLine): Directive | undefined {
  const [, word, rest = ''] = DIRECTIVE.exec(comment?.text ?? '') ?? [];
  if (word === 'debug') return debugDirective(rest, continues);
  return word === 'include' ? includeDirective(rest, code) : undefined;
}

function debugDirective(rest: string, continues: boolean): Directive {
  if (rest.trim() !== '') return { kind: 'wrong', message: 'a debug line ends with "--- @debug"' };
  if (continues) {
    return { kind: 'wrong', message: 'a debug line cannot begin inside a string or comment' };
  }
  return { kind: 'debug' };
}

function includeDirective(rest: string, code: string): Directive {
  const name = INCLUDED.exec(rest)?.[1];
  if (name === undefined) return { kind: 'wrong', message: 'write an include as --- @include "name"' };
  if (code.trim() !== '') return { kind: 'wrong', message: 'an include stands on a line of its own' };
  if (!STAYS_INSIDE.test(name)) {
    return { kind: 'wrong', message: `"${name}" does not name a file inside the include directory` };
  }
  return { kind: 'include', name };
}
