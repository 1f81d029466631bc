/** The Lua scripts of njchan, for the commands that name or run them. */
import type { Script } from '../lua/hsss/script.ts';
import { scripts } from '../lua/scripts.generated.ts';

/** Sorted by name. */
export const SCRIPTS: readonly Script[] = Object.values(scripts);

/**
 * One of njchan's scripts.
 * @throws Error when there is none of this name
 */
export function scriptNamed(name: string): Script {
  const script = SCRIPTS.find((one) => one.name === name);
  if (!script) throw new Error(`njchan has no script ${name}.lua`);
  return script;
}
