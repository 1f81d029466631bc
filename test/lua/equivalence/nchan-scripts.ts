/** The scripts that real Nchan runs in Redis, called by their hashes. */
import type { Redis } from 'ioredis';
import { NCHAN_SCRIPTS } from '../../../cli/trace/nchan-scripts.ts';
import { startNchan } from '../../conformance/nchan.ts';

/**
 * Has Nchan load its scripts into a Redis.
 * @param port - where the Redis listens on the loopback
 * @returns the hash of each script
 * @throws Error when Nchan loaded another version of one than those known here
 */
export async function loadNchanScripts(redis: Redis, port: number): Promise<ReadonlyMap<string, string>> {
  // It answers 503 until it has loaded them, then 404.
  await startNchan(`
    location ~ ^/info/(.*)$ {
      nchan_publisher;
      nchan_channel_id $1;
      nchan_use_redis on;
      nchan_redis_url redis://127.0.0.1:${port};
    }`);
  const found = new Map<string, string>();
  for (const { name, sha1s } of NCHAN_SCRIPTS) {
    const loaded = (await redis.script('EXISTS', ...sha1s)) as number[];
    const sha1 = sha1s.find((_, i) => loaded[i] === 1);
    if (!sha1) throw new Error(`this Nchan's ${name} is another than those of 1.3.6 and 1.3.7`);
    found.set(name, sha1);
  }
  return found;
}
