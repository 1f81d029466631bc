/** The sidecar process: `node main.js --config sidecar.json [--follow]`. See docs/cli.md for how it is run and stopped. */
import { chmodSync, chownSync, existsSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { parseArgs } from 'node:util';
import { scripts } from '../lua/scripts.generated.ts';
import { DEFAULT_LIMITS, readConfig, type SidecarConfig, type SidecarLimits } from './config.ts';
import { FollowedFile } from './config-file.ts';
import { Events } from './events/events.ts';
import { Hooks } from './hooks/hooks.ts';
import { instanceName } from './instance.ts';
import { createLogger, type Logger, logFault } from './log.ts';
import { Recurrences } from './recurrences.ts';
import { createSidecarServer } from './server.ts';
import { FiguresFile } from './statistics/figures-file.ts';
import { Metrics } from './statistics/metrics.ts';
import { statistics } from './statistics/statistics.ts';
import { stubFigures } from './statistics/stub-status.ts';
import { createLink } from './store/redis/create-link.ts';
import type { RedisLink } from './store/redis/link.ts';
import { Stores } from './store/stores.ts';
import { SubscriberInfo } from './subscriber-info/requests.ts';

/**
 * How long subscribers may take to read their good-bye, and hooks to be answered, before the process ends all the same.
 * `njchan up` waits 5 s.
 */
const DRAIN_DEADLINE_MS = 3000;
const HOOK_DRAIN_DEADLINE_MS = 4000;
const EVENT_DRAIN_DEADLINE_MS = 500;

/** Milliseconds that telling Redis of the end may take when nothing else is done any more, all upstreams together. */
const FAREWELL_DEADLINE_MS = 1000;

/** Connections that may wait to be accepted: a whole site may reconnect at once. */
const BACKLOG = 4096;

function limitsOf(config: SidecarConfig): SidecarLimits {
  return { ...DEFAULT_LIMITS, ...config.limits };
}

/** Binds to what the configuration says; a unix socket is given to its owner and closed to everyone else. */
function listen(server: Server, config: SidecarConfig): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    if ('address' in config.listen) {
      const { address } = config.listen;
      const colon = address.lastIndexOf(':');
      const host = address.slice(0, colon).replace(/^\[|\]$/g, '');
      server.listen({ host, port: Number(address.slice(colon + 1)), backlog: BACKLOG }, resolve);
      return;
    }
    const { socket } = config.listen;
    rmSync(socket, { force: true });
    const before = process.umask(0o177);
    server.listen({ path: socket, backlog: BACKLOG }, () => {
      chmodSync(socket, 0o600);
      if (config.user && process.getuid?.() === 0) chownSync(socket, config.user.uid, config.user.gid);
      resolve();
    });
    process.umask(before);
  });
}

/** Gives up root for good: the sidecar then has the rights of nginx's workers, no more. */
function dropPrivileges(config: SidecarConfig): void {
  if (!config.user || process.getuid?.() !== 0) return;
  process.setgroups?.([config.user.gid]);
  process.setgid?.(config.user.gid);
  process.setuid?.(config.user.uid);
}

/** Nobody knows what state is left after what nobody expected: the next process begins anew. Node would print many lines. */
function endOnFault(log: Logger): void {
  process.on('uncaughtException', (error) => {
    logFault(log, 'NJ-SIDECAR-FAULT', 'the sidecar ends: something unexpected happened', { err: error });
    process.exit(1);
  });
}

/** Waits for the file of `--follow`. As first process of a container we get no signal that we do not ask for. */
async function waitFor(file: string): Promise<FollowedFile> {
  const followed = new FollowedFile(file);
  const stop = () => process.exit(0);
  const signals = ['SIGTERM', 'SIGINT'] as const;
  for (const signal of signals) process.on(signal, stop);
  if (!existsSync(file)) process.stderr.write(`sidecar: waiting for ${file}\n`);
  await followed.appears();
  for (const signal of signals) process.off(signal, stop);
  return followed;
}

/** @param follow - wait for the file, and read it again whenever it is replaced */
async function run(file: string, follow: boolean): Promise<void> {
  const followed = follow ? await waitFor(file) : undefined;
  let config = readConfig(file);
  const log: Logger = createLogger('sidecar', config.logFormat ?? 'human', config.logLevel);
  endOnFault(log);
  let limits = limitsOf(config);
  const hooks = new Hooks(log, instanceName(file));
  hooks.configure(config.hooks);
  const events = new Events(log);
  const subscriberInfo = new SubscriberInfo(log);
  const recurrences = new Recurrences();
  const stores = new Stores(
    {
      limitBytes: limits.storeBytes,
      fault: (error) => {
        statistics.faults += 1;
        const more = recurrences.met(String(error));
        if (more === undefined) return;
        const message = `a subscriber could not be given a message and was closed${more}`;
        logFault(log, 'NJ-SUBSCRIBER-FAULT', message, { err: error });
      },
    },
    log,
    (upstream, name, events) => {
      const link: RedisLink = createLink(upstream, Object.values(scripts), log.child({ upstream: name }), {
        ...events,
        available: () => {
          events.available();
          hooks.available(link);
        },
      });
      hooks.connected(name, link);
      return link;
    },
    (store, channel, request) => subscriberInfo.answers.add(store, channel, request),
  );
  process.on('exit', () => stores.sayFarewell(FAREWELL_DEADLINE_MS));
  await stores.configure(config.redis);
  const figures = new FiguresFile(log, () => stubFigures({ stores }));
  let stopping = false;
  const server = createSidecarServer({
    stores,
    hooks,
    events,
    subscriberInfo,
    log,
    limits: () => limits,
    metrics: new Metrics({ stores, limits: () => limits }),
    stopping: () => stopping,
    secret: 'secret' in config.listen ? Buffer.from(config.listen.secret, 'latin1') : undefined,
  });
  await listen(server, config);
  dropPrivileges(config);
  figures.configure(config.figuresFile);

  const stop = async (why: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    figures.close();
    log.info(`${why}: ending ${stores.totals().subscribers} subscribers`);
    const closed = new Promise<void>((resolve) => {
      server.close(() => resolve());
      setTimeout(resolve, DRAIN_DEADLINE_MS).unref();
    });
    await stores.close();
    server.closeIdleConnections();
    await events.drain(EVENT_DRAIN_DEADLINE_MS);
    await Promise.all([closed, hooks.drain(HOOK_DRAIN_DEADLINE_MS), stores.leave(DRAIN_DEADLINE_MS)]);
    process.exit(0);
  };
  process.on('SIGTERM', () => void stop('asked to stop'));
  process.on('SIGINT', () => void stop('interrupted'));
  process.on('disconnect', () => void stop('njchan is gone'));
  const readAgain = () => {
    try {
      config = readConfig(file);
      limits = limitsOf(config);
      stores.setLimit(limits.storeBytes);
      hooks.configure(config.hooks);
      figures.configure(config.figuresFile);
      stores.configure(config.redis).catch((error: unknown) => {
        const message = `the Redis upstreams are not as configured: ${(error as Error).message}`;
        logFault(log, 'NJ-REDIS-CONFIG', message, { err: error });
      });
      log.info('configuration read again');
    } catch (error) {
      logFault(log, 'NJ-CONFIG-UNREAD', `configuration not read again: ${(error as Error).message}`);
    }
  };
  process.on('SIGHUP', readAgain);
  followed?.onReplaced(readAgain);
  process.on('message', (message: { type?: string }) => {
    if (message?.type === 'status') process.send?.({ type: 'status', ...stores.totals() });
  });
  process.send?.({ type: 'ready' });
  log.info('ready');
}

const { values } = parseArgs({ options: { config: { type: 'string' }, follow: { type: 'boolean' } } });
if (!values.config) {
  process.stderr.write('sidecar: --config FILE is missing\n');
  process.exit(2);
}
run(values.config, values.follow ?? false).catch((error: unknown) => {
  process.stderr.write(`sidecar: ${(error as Error).message}\n`);
  process.exit(1);
});
