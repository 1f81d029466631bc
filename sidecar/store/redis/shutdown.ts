/**
 * The shutdown connection: runs scripts while the process goes down and its event loop no longer turns. A thread of its
 * own has the connections, made beforehand and kept up; the main thread sleeps until the thread is done.
 */
import { Worker } from 'node:worker_threads';
import type { RedisUpstream } from '../../../handoff/redis.ts';
import type { Script } from '../../../lua/hsss/script.ts';
import { type Logger, logFault } from '../../log.ts';
import { after } from '../../timers.ts';
import { Delays } from './delay.ts';
import type { ScriptArgument, ShutdownCall } from './link.ts';
import type { OutageLog } from './outage-log.ts';
import {
  ANSWERED,
  DONE,
  type FromShutdownThread,
  type PackedCall,
  SHARED_BYTES,
  type ShutdownRoute,
  type ShutdownSettings,
  type ToShutdownThread,
} from './shutdown-messages.ts';
import type { Route } from './topology.ts';

/** Threads run what was built, also where a test runs the source. */
const THREAD = import.meta.url.endsWith('.ts')
  ? new URL('../../../dist/sidecar/store/redis/shutdown-worker.js', import.meta.url)
  : new URL('./shutdown-worker.js', import.meta.url);

/** Calls that are passed on, and sent, in one go. */
const SLICE_CALLS = 1_000;

export interface ShutdownOptions {
  readonly upstream: RedisUpstream;
  readonly scripts: readonly Script[];
  readonly log: Logger;
  readonly outages: OutageLog;
}

function pack(value: ScriptArgument): string {
  return (Buffer.isBuffer(value) ? value : Buffer.from(String(value))).toString('latin1');
}

function packedCall({ script, keys, args }: ShutdownCall): PackedCall {
  return { sha1: script.sha1, keys: keys.map(pack), args: args.map(pack) };
}

export class ShutdownConnection {
  readonly #options: ShutdownOptions;
  readonly #shared = new SharedArrayBuffer(SHARED_BYTES);
  readonly #words = new Int32Array(this.#shared);
  readonly #delays: Delays;
  #worker: Worker | undefined;
  #routes: readonly ShutdownRoute[] = [];
  /** To see whether they have changed. */
  #routesText = '[]';
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(options: ShutdownOptions) {
    this.#options = options;
    this.#delays = new Delays(options.upstream.reconnectDelay);
    this.#start();
  }

  /** Tells where scripts run. */
  setRoutes(routes: readonly Route[]): void {
    // What went last is better than nothing.
    if (routes.length === 0) return;
    const next = routes.map(({ server, slots }) => ({ address: server.address, slots }));
    const text = JSON.stringify(next);
    if (text === this.#routesText) return;
    this.#routes = next;
    this.#routesText = text;
    this.#post({ kind: 'routes', routes: next });
  }

  /** See RedisLink.startAtShutdown. */
  start(calls: readonly ShutdownCall[], deadlineMs: number): (deadlineMs: number) => number {
    if (!this.#worker || calls.length === 0) return () => 0;
    Atomics.store(this.#words, DONE, 0);
    Atomics.store(this.#words, ANSWERED, 0);
    const end = performance.now() + deadlineMs;
    // The thread sends the first ones while the next are packed.
    for (let i = 0; i < calls.length && performance.now() < end; i += SLICE_CALLS) {
      const packed = calls.slice(i, i + SLICE_CALLS).map(packedCall);
      this.#post({ kind: 'run', calls: packed, last: i + SLICE_CALLS >= calls.length });
    }
    return (waitMs) => {
      Atomics.wait(this.#words, DONE, 0, Math.max(waitMs, 0));
      return Atomics.load(this.#words, ANSWERED);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#worker?.terminate();
  }

  #start(): void {
    const { upstream, scripts, log } = this.#options;
    const { tls, connectTimeoutMs, commandTimeoutMs, reconnectDelay, pingIntervalSeconds } = upstream;
    const settings: ShutdownSettings = {
      shared: this.#shared,
      upstream: { tls, connectTimeoutMs, commandTimeoutMs, reconnectDelay, pingIntervalSeconds },
      sources: new Map(scripts.map(({ sha1, source }) => [sha1, source])),
    };
    const worker = new Worker(THREAD, { workerData: settings, name: 'njchan shutdown' });
    worker.unref();
    worker.on('message', (message: FromShutdownThread) => this.#tell(message));
    worker.on('error', (error) => {
      logFault(log, 'NJ-REDIS-FAREWELL', 'the thread of the shutdown connection failed', { err: error });
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      if (!this.#closed) this.#timer = after(this.#delays.next(), () => this.#start());
    });
    this.#worker = worker;
    this.#post({ kind: 'routes', routes: this.#routes });
  }

  #post(message: ToShutdownThread): void {
    this.#worker?.postMessage(message);
  }

  #tell({ kind, url, why }: FromShutdownThread): void {
    const { outages } = this.#options;
    if (kind === 'up') outages.up(url, `connected to Redis at ${url} again`, 'shutdown');
    else outages.down(url, 'NJ-REDIS-CONNECTION', why, 'shutdown');
  }
}
