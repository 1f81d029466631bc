import { scripts } from '../../lua/scripts.generated.ts';
import { keyNamespace } from '../../sidecar/store/redis/keys.ts';
import { DEFAULT_REDIS_URL, describeAddress, parseRedisUrl } from '../../sidecar/store/redis/url.ts';
import { EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { redisFailure } from '../redis-failure.ts';
import { wantsColour } from '../terminal.ts';
import type { TraceFilter } from '../trace/filter.ts';
import { knownScripts } from '../trace/known-scripts.ts';
import { monitor } from '../trace/monitor.ts';
import { TraceOutput } from '../trace/trace-output.ts';
import { Tracer } from '../trace/tracer.ts';

const END_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** What a trace does to the server. The number is Redis's own, from the documentation of MONITOR. */
export const COST =
  'MONITOR makes Redis write out every command once more for each trace, which can halve its throughput: not for long on a busy server.';

function say(text: string): void {
  process.stderr.write(`njchan trace: ${text}\n`);
}

/** Options are text, commands are bytes. */
function asBytes(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function filterOf(values: OptionValues, db: number | undefined): TraceFilter {
  const { channel, namespace } = values;
  return {
    ...(channel === undefined ? {} : { channel: asBytes(channel) }),
    ...(namespace === undefined ? {} : { namespace: asBytes(keyNamespace(namespace)) }),
    ...(db === undefined ? {} : { db }),
  };
}

/** Aborted by a signal, or when nobody reads standard output any more. */
function untilTheEnd(): AbortSignal {
  const end = new AbortController();
  for (const signal of END_SIGNALS) process.once(signal, () => end.abort());
  process.stdout.once('error', () => end.abort());
  return end.signal;
}

/** Prints the commands that a Redis server runs, until it is told to end. */
export async function trace(values: OptionValues): Promise<number> {
  try {
    const address = parseRedisUrl(values.url ?? DEFAULT_REDIS_URL);
    const format = {
      colour: wantsColour(process.stdout, process.env, values.color),
      full: values.full === true,
    };
    const tracer = new Tracer(knownScripts(Object.values(scripts)), filterOf(values, address.db), format);
    const output = new TraceOutput(process.stdout);
    await monitor(address, untilTheEnd(), {
      onStart: () => say(`watching ${describeAddress(address)}, times are UTC, Ctrl-C ends. ${COST}`),
      onLine: (line) => {
        const shown = tracer.push(line);
        if (shown) output.write(shown);
      },
      onWarning: say,
    });
    output.end();
  } catch (error) {
    throw redisFailure('trace', error);
  }
  return EXIT.ok.code;
}
