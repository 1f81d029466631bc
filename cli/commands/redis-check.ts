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
import { isProblem } from '../redis-check/finding.ts';
import { JsonReport, textReport } from '../redis-check/report.ts';
import { redisFailure } from '../redis-failure.ts';

/**
 * Writes to standard output, no faster than it is read. Its errors are main's.
 * @param signal - aborted when standard output failed: nothing is written any more
 */
async function print(text: string, signal: AbortSignal): Promise<void> {
  if (text === '' || signal.aborted || process.stdout.write(text)) return;
  try {
    await once(process.stdout, 'drain', { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Walks the channels and prints what is wrong with them. */
async function check(
  redis: RedisClient,
  rsck: Script,
  { namespace, json }: OptionValues,
  signal: AbortSignal,
): Promise<number> {
  const report = json ? new JsonReport() : textReport;
  const progress = new Progress(process.stderr);
  const checker = new Checker(redis, rsck);
  const wanted = namespace && Buffer.from(keyNamespace(namespace)).toString('latin1');
  const totals = { problems: 0, notices: 0 };
  await print(report.begin(), signal);
  const total = await redis.dbsize();
  for await (const findings of checker.run(wanted, signal)) {
    if (findings.length > 0) progress.clear();
    for (const finding of findings) {
      totals[isProblem(finding) ? 'problems' : 'notices'] += 1;
      await print(report.finding(finding), signal);
    }
    if (signal.aborted) break;
    progress.show(
      `${checker.counts.keys} keys of channels seen, of ${total} keys; ${totals.problems} with problems`,
    );
  }
  progress.clear();
  await print(report.end(checker.counts, totals), signal);
  return totals.problems === 0 ? EXIT.ok.code : EXIT.refused.code;
}

/**
 * Looks for inconsistencies in the channels that a Redis server stores.
 * @param rsck - the script that checks one channel
 */
export async function redisCheck(values: OptionValues, rsck: Script = scripts.rsck): Promise<number> {
  const url = values.url ?? DEFAULT_REDIS_URL;
  let lost: Error | undefined;
  const end = new AbortController();
  const onOutputError = () => end.abort();
  process.stdout.once('error', onOutputError);
  try {
    const onError = (error: Error) => {
      lost ??= error;
    };
    const redis = await connectRedis(url, { name: 'njchan-redis-check', onError });
    try {
      return await check(redis, rsck, values, end.signal);
    } catch (error) {
      const fromRedis = redis.status !== 'ready' || (error as Error).name === 'ReplyError';
      throw fromRedis ? connectError(parseRedisUrl(url), lost ?? (error as Error)) : error;
    } finally {
      redis.disconnect();
    }
  } catch (error) {
    throw redisFailure('redis-check', error);
  } finally {
    process.stdout.off('error', onOutputError);
  }
}
