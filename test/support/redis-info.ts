/** What a test wants to know from INFO. */
import type { Redis } from 'ioredis';

/** A field of INFO; undefined when there is none. */
export async function infoField(client: Redis, name: string): Promise<string | undefined> {
  const text = await client.info('everything');
  return new RegExp(`^${name.replace(/[|]/g, '\\$&')}:(.*?)\\r?$`, 'm').exec(text)?.[1];
}

/** How often a command was called, scripts not included. */
export async function commandCalls(client: Redis, command: string): Promise<number> {
  const stats = await infoField(client, `cmdstat_${command}`);
  return Number(/calls=(\d+)/.exec(stats ?? '')?.[1] ?? 0);
}
