/** The sidecar process: `node main.js --config sidecar.json`. See docs/cli.md for how it is run and stopped. */
import { chmodSync, chownSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { parseArgs } from 'node:util';
import { DEFAULT_LIMITS, readConfig, type SidecarConfig, type SidecarLimits } from './config.ts';
import { createLogger, type Logger } from './log.ts';
import { createSidecarServer } from './server.ts';
import { MemoryStore } from './store/memory/memory-store.ts';

/** How long subscribers may take to read their good-bye before the process ends all the same. */
const DRAIN_DEADLINE_MS = 3000;

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

async function run(file: string): Promise<void> {
  let config = readConfig(file);
  const log: Logger = createLogger('sidecar', config.logFormat ?? 'human');
  let limits = limitsOf(config);
  const store = new MemoryStore({
    limitBytes: limits.storeBytes,
    fault: (error) => log.error({ err: error }, 'a subscriber could not be given a message and was closed'),
  });
  const server = createSidecarServer({
    store,
    log,
    limits: () => limits,
    secret: 'secret' in config.listen ? Buffer.from(config.listen.secret, 'latin1') : undefined,
  });
  await listen(server, config);
  dropPrivileges(config);

  let stopping = false;
  const stop = async (why: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info(`${why}: ending ${store.totals().subscribers} subscribers`);
    setTimeout(() => process.exit(0), DRAIN_DEADLINE_MS).unref();
    server.close(() => process.exit(0));
    await store.close();
    server.closeIdleConnections();
  };
  process.on('SIGTERM', () => void stop('asked to stop'));
  process.on('SIGINT', () => void stop('interrupted'));
  process.on('disconnect', () => void stop('njchan is gone'));
  process.on('SIGHUP', () => {
    try {
      config = readConfig(file);
      limits = limitsOf(config);
      store.setLimit(limits.storeBytes);
      log.info('configuration read again');
    } catch (error) {
      log.error(`configuration not read again: ${(error as Error).message}`);
    }
  });
  process.on('message', (message: { type?: string }) => {
    if (message?.type === 'status') process.send?.({ type: 'status', ...store.totals() });
  });
  process.send?.({ type: 'ready' });
  log.info('ready');
}

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (!values.config) {
  process.stderr.write('sidecar: --config FILE is missing\n');
  process.exit(2);
}
run(values.config).catch((error: unknown) => {
  process.stderr.write(`sidecar: ${(error as Error).message}\n`);
  process.exit(1);
});
