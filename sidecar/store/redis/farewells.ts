/** Says what is to be said before a link is left, over its connections that work. */
import type { RedisLink, ShutdownCall } from './link.ts';

/** Farewells that are under way at a time: a link takes only so many calls. */
const MAX_UNDER_WAY = 500;

/**
 * Makes calls in their order, as long as the link is available. Those that fail are left to whoever asks again; those
 * that are answered are told so.
 */
export async function sayFarewells(link: RedisLink, calls: readonly ShutdownCall[]): Promise<void> {
  // All take from it.
  const left = calls.values();
  const sayNext = async (): Promise<void> => {
    for (const { script, keys, args, told } of left) {
      if (!link.available) return;
      try {
        await link.run(script, keys, args, { repeatable: true });
        told?.();
      } catch {
        // It is not told, and so left.
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_UNDER_WAY, calls.length) }, sayNext));
}
