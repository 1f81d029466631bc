import { once } from 'node:events';
import type { Script } from '../../lua/hsss/script.ts';
import { scripts } from '../../lua/scripts.generated.ts';
import { connectRedis, type RedisClient } from '../../sidecar/store/redis/client.ts';
import { connectError } from '../../sidecar/store/redis/connect-error.ts';
import { keyNamespace } from '../../sidecar/store/redis/keys.ts';
import { DEFAULT_REDIS_URL, parseRedisUrl } from '../../sidecar/store/redis/url.ts';
import { EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { Progress } from '../progress.ts';
import { Checker } from '../redis-check/checker.ts';
import { JsonReport, textReport } from '../redis-check/report.ts';
import { redisFailure } from '../redis-failure.ts';

/** Writes to standard output, no faster than it is read. Its errors are main's. */
async function print(text: string): Promise<void> {
  if (text === '' || !process.stdout.writable || process.stdout.write(text)) return;
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => {});
}

/** Walks the channels and prints what is wrong with them. */
async function check(redis: RedisClient, rsck: Script, { namespace, json }: OptionValues): Promise<number> {
  const report = json ? new JsonReport() : textReport;
  const progress = new Progress(process.stderr);
  const checker = new Checker(redis, rsck);
  const wanted = namespace && Buffer.from(keyNamespace(namespace)).toString('latin1');
  let findings = 0;
  await print(report.begin());
  const total = await redis.dbsize();
  for await (const batch of checker.run(wanted)) {
    if (batch.length > 0) progress.clear();
    for (const finding of batch) await print(report.finding(finding));
    findings += batch.length;
    if (!process.stdout.writable) break;
    progress.show(
      `${checker.counts.keys} keys of channels seen, of ${total} keys; ${findings} with problems`,
    );
  }
  progress.clear();
  await print(report.end(checker.counts, findings));
  return findings === 0 ? EXIT.ok.code : EXIT.refused.code;
}

/**
 * Looks for inconsistencies in the channels that a Redis server stores.
 * @param rsck - the script that checks one channel
 */
export async function redisCheck(values: OptionValues, rsck: Script = scripts.rsck): Promise<number> {
  const url = values.url ?? DEFAULT_REDIS_URL;
  let lost: Error | undefined;
  try {
    const onError = (error: Error) => {
      lost ??= error;
    };
    const redis = await connectRedis(url, { name: 'njchan-redis-check', onError });
    try {
      return await check(redis, rsck, values);
    } catch (error) {
      const fromRedis = redis.status !== 'ready' || (error as Error).name === 'ReplyError';
      throw fromRedis ? connectError(parseRedisUrl(url), lost ?? (error as Error)) : error;
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    throw redisFailure('redis-check', error);
  }
}
