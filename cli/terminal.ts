/** What may be written to a terminal. */

export type ColourMode = 'auto' | 'always' | 'never';

/**
 * Whether to write colours to a stream: on terminals, unless NO_COLOR is set (no-color.org) or the terminal is a plain
 * one. `always` and `never` decide by themselves.
 * @param mode - the option --color; default: auto
 */
export function wantsColour(
  stream: { readonly isTTY?: boolean },
  env: NodeJS.ProcessEnv,
  mode: ColourMode = 'auto',
): boolean {
  if (mode !== 'auto') return mode === 'always';
  return stream.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb';
}
