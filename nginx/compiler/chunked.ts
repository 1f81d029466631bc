/**
 * What a named location has besides, where subscribers may be sent chunks. The sidecar makes the chunks, one a message,
 * so nginx only has to announce them.
 */
import { TRANSFER_ENCODING_VARIABLE } from '../../handoff/headers.ts';
import type { Directive } from './parser.ts';
import type { Scope } from './scopes.ts';

const ADD_HEADER = 'add_header';

/** The header's line; nginx adds none whose value is empty. */
export const TRANSFER_ENCODING_LINE = `${ADD_HEADER} Transfer-Encoding $${TRANSFER_ENCODING_VARIABLE};`;

/**
 * The `add_header`s of outer levels that ours cuts off, as any in a location does, and that must be repeated with it.
 * With `add_header_inherit` (nginx 1.29.3) there are none: `merge` keeps them by itself, `off` never lets them in.
 * @param server the server that the named location is for
 * @param copied the user's directives that are repeated there anyway
 */
export function outerHeaders(server: Scope, copied: readonly Directive[]): readonly Directive[] {
  const outer = [server.others, server.parent?.others ?? []];
  if (copied.some(({ name }) => name === ADD_HEADER)) return [];
  const inherit = nearest([copied, ...outer], 'add_header_inherit')[0]?.args[0]?.text ?? 'on';
  return inherit === 'on' ? nearest(outer, ADD_HEADER) : [];
}

/** Directives of a name at the innermost level that has any. */
function nearest(levels: readonly (readonly Directive[])[], name: string): readonly Directive[] {
  for (const level of levels) {
    const found = level.filter((directive) => directive.name === name);
    if (found.length > 0) return found;
  }
  return [];
}
