/** Runs a Redis server in a container, with its port published on loopback. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { atEnd } from '../cleanup.ts';
import { freePort } from '../ports.ts';
import type { RedisProcess } from '../redis-process.ts';
import { watched } from '../redis-process.ts';
import { run } from './commands.ts';
import type { Containers } from './global-setup.ts';
import { containers } from './injected.ts';

/** What a server needs inside to be reached from outside. */
export const CONTAINER_SETTINGS = { bind: '* -::*', 'protected-mode': 'no' };

function docker({ env }: Containers, ...args: string[]): Promise<string> {
  return run(['docker', ...args], { env: { ...process.env, ...env } });
}

/** What all containers of the tests have in common. */
function common({ network, servers }: Containers, name: string, where: readonly string[]) {
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  // Sockets, data and logs are where they would be without a container.
  const files = ['--volume', `${tmpdir()}:${tmpdir()}`];
  return ['--rm', '--name', name, '--label', network, '--user', user, ...files, ...where, servers];
}

const newName = (): string => `njchan-test-${randomBytes(4).toString('hex')}`;

const published = (network: string, ports: readonly number[]): string[] => [
  '--network',
  network,
  ...ports.flatMap((port) => ['--publish', `127.0.0.1:${port}:${port}`]),
];

/** A network interface that containers share, as processes of one machine do. */
export interface SharedInterface {
  /** The container that holds it. */
  readonly name: string;
  /** One more port of it that is published. */
  port(): number;
}

/** Starts a container that holds an interface with so many published ports. Removed after the test file. */
export async function shareInterface(size: number): Promise<SharedInterface> {
  const engine = containers();
  const ports = await Promise.all(Array.from({ length: size }, freePort));
  const name = newName();
  const options = common(engine, name, published(engine.network, ports));
  await docker(engine, 'run', '--detach', ...options, 'sleep', 'infinity');
  atEnd(async () => void (await docker(engine, 'rm', '--force', name)));
  return {
    name,
    port() {
      const port = ports.pop();
      if (port === undefined) throw new Error(`all ${size} ports of the interface are taken`);
      return port;
    },
  };
}

/**
 * Starts a server in a container.
 * @param ports - those that are published
 * @param shared - the interface on which they were published before
 */
export function startInContainer(
  program: string,
  args: readonly string[],
  ports: readonly number[],
  shared: SharedInterface | undefined,
): RedisProcess {
  const engine = containers();
  const name = newName();
  const where = shared ? ['--network', `container:${shared.name}`] : published(engine.network, ports);
  const child = spawn('docker', ['run', ...common(engine, name, where), program, ...args], {
    env: { ...process.env, ...engine.env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return watched(child, {
    signal: async (signal) => void (await docker(engine, 'kill', '--signal', signal, name)),
    // It may have ended by itself meanwhile; whoever stops it sees that it has ended.
    stop: async () => void (await docker(engine, 'rm', '--force', name).catch(() => {})),
  });
}
