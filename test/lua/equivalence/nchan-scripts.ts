/** The scripts that real Nchan runs in Redis, called by their hashes. */
import type { Redis } from 'ioredis';
import { startNchan } from '../../conformance/nchan.ts';

/** Hashes by script; where versions differ, 1.3.6 first. */
const HASHES = {
  add_fakesub: ['f3b5cc02b9902e94db37949cf0eba6b3fb30376f'],
  channel_keepalive: ['7bfe076302b20eeb2e5b0a325599325c96fabc80'],
  delete: ['a928e8b91abe4c7be327b4ed79a7e0b4a6a13236'],
  find_channel: ['0c5d0e0663393ed714801cbe68940d4c8f81e076', 'a2c935167edd17b4a9c850f31dd8d2beb706b1c5'],
  get_message: ['fb9c46d33b3798a11d4eca6e0f7a3f92beba8685'],
  get_message_from_key: ['304efcd42590f99e0016686572530defd3de1383'],
  get_subscriber_info_id: ['3490d5bc3fdc7ed065d9d54b4a0cb8ad6b62c180'],
  nostore_publish_multiexec_channel_info: ['35696def4f2ec62f9b91a72fa17bba7a4e4cb6cf'],
  publish: ['1c68d9e05fe55e2992a917c41255f23e1330b255'],
  request_subscriber_info: ['93c500e094dfc5364251854eeac8d4331a0223c0'],
  subscriber_register: ['24643f71942769759df94b4ddfea15925612f595'],
  subscriber_unregister: ['51f4b6919ec97d42f5a9a7a10ee7742579b6a8f4'],
} as const;

export type NchanScript = keyof typeof HASHES;

/**
 * Has Nchan load its scripts into a Redis.
 * @param port - where the Redis listens on the loopback
 * @returns the hash of each script
 * @throws Error when Nchan loaded another version of one than those known here
 */
export async function loadNchanScripts(redis: Redis, port: number): Promise<Record<NchanScript, string>> {
  // It answers 503 until it has loaded them, then 404.
  await startNchan(`
    nchan_use_redis on;
    nchan_redis_url redis://127.0.0.1:${port};
    location ~ ^/info/(.*)$ { nchan_publisher; nchan_channel_id $1; }`);
  const found: Partial<Record<NchanScript, string>> = {};
  for (const [name, hashes] of Object.entries(HASHES)) {
    const loaded = (await redis.script('EXISTS', ...hashes)) as number[];
    const hash = hashes.find((_, i) => loaded[i] === 1);
    if (!hash) throw new Error(`this Nchan's ${name} is another than those of 1.3.6 and 1.3.7`);
    found[name as NchanScript] = hash;
  }
  return found as Record<NchanScript, string>;
}
