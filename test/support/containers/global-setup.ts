/** Prepares an engine and images for the projects of vitest.config.ts that run containers, once for all of them. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { Undos } from '../undos.ts';
import { baseImage } from './base-image.ts';
import { alone, remembered } from './cache.ts';
import { progress, run } from './commands.ts';
import { releaseIndex } from './debian.ts';
import { findEngine, NoContainersError } from './engine.ts';
import { serversImage } from './servers-image.ts';

/** What test files get of it. */
export interface Containers {
  /** Makes `docker` and `docker compose` reach the engine. */
  readonly env: NodeJS.ProcessEnv;
  /** True when the engine was started for the tests: all that is in it goes with it. */
  readonly own: boolean;
  /** A directory for the tests, on a disk. */
  readonly dir: string;
  /** Debian 13, or what stands in for it. */
  readonly base: string;
  /** The same with the servers of servers.Dockerfile. */
  readonly servers: string;
  /** For containers; they carry its name as a label besides. */
  readonly network: string;
}

/** The same, or why there are none: `skip` where there can be none, `failure` when something went wrong. */
export type Provided = Containers | { readonly skip: string } | { readonly failure: string };

declare module 'vitest' {
  interface ProvidedContext {
    containers?: Provided;
    /** The server of servers.Dockerfile that stands in for this machine's redis-server. */
    redisProgram?: string;
  }
}

async function prepare(undos: Undos): Promise<Containers> {
  const engine = await findEngine(undos.add);
  const { env, own } = engine;
  const index = remembered('InRelease', await releaseIndex(engine.dir)) ?? '';
  const base = await baseImage(engine, index, undos.add);
  const servers = await serversImage(engine, base, index, undos.add);
  const network = `njchan-test-${process.pid}`;
  await run(['docker', 'network', 'create', network], { env });
  undos.add(async () => {
    // What test files that were killed left behind.
    const left = await run(['docker', 'ps', '--all', '--quiet', '--filter', `label=${network}`], { env });
    if (left !== '') await run(['docker', 'rm', '--force', '--volumes', ...left.split('\n')], { env });
    await run(['docker', 'network', 'rm', network], { env });
  });
  const dir = mkdtempSync(join(engine.dir, 'tests-'));
  progress('the engine and its images are ready');
  return { env, own, dir, base: base.name, servers, network };
}

/** A failure here must not keep tests from running that need no containers. */
async function provided(undos: Undos): Promise<Provided> {
  try {
    return await alone(() => prepare(undos));
  } catch (error) {
    await undos.run();
    const { message } = error as Error;
    if (error instanceof NoContainersError) {
      progress(`SKIPPED, as there can be no containers here: ${message}`);
      return { skip: message };
    }
    progress(`FAILED: ${message}`);
    return { failure: message };
  }
}

/** Each project has a copy of this module; only the process is common to them. */
const common = globalThis as { njchanContainers?: Promise<Provided> };

export default async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const undos = new Undos();
  const first = common.njchanContainers === undefined;
  common.njchanContainers ??= provided(undos);
  project.provide('containers', await common.njchanContainers);
  // Projects end in reverse order.
  return first ? () => undos.run() : undefined;
}
