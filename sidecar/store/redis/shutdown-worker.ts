/** The thread of the shutdown connection: keeps a connection to each master and runs scripts when it is told to. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { every } from '../../timers.ts';
import { Connection, isReplyError } from './connection.ts';
import { keySlot } from './key-slot.ts';
import { LastingConnection } from './lasting-connection.ts';
import {
  ANSWERED,
  DONE,
  type FromShutdownThread,
  type PackedCall,
  type ShutdownRoute,
  type ShutdownSettings,
  type ToShutdownThread,
} from './shutdown-messages.ts';
import { parseRedirection } from './slot-map.ts';
import { tlsConnectionOptions } from './tls-options.ts';
import { describeAddress } from './url.ts';

const { shared, upstream, sources } = workerData as ShutdownSettings;
const words = new Int32Array(shared);

/** A connection that is kept up, and whoever waits for it. */
class Master {
  readonly url: string;
  route: ShutdownRoute;
  readonly #connection: LastingConnection;
  #waiting: ((connection: Connection) => void)[] = [];

  constructor(route: ShutdownRoute) {
    this.route = route;
    this.url = describeAddress(route.address);
    const { address } = route;
    this.#connection = new LastingConnection({
      delay: upstream.reconnectDelay,
      open: (lost) =>
        Connection.open(address, {
          name: `njchan:shutdown:${process.pid}`,
          tls: address.tls ? tlsConnectionOptions(upstream.tls) : undefined,
          connectTimeoutMs: upstream.connectTimeoutMs,
          commandTimeoutMs: upstream.commandTimeoutMs,
          events: { lost, announced: () => {}, ended: () => {} },
        }),
      events: {
        up: (connection) => {
          tell({ kind: 'up', url: this.url, why: '' });
          for (const resolve of this.#waiting.splice(0)) resolve(connection);
        },
        failed: (why) => tell({ kind: 'down', url: this.url, why: why.message }),
        lost: (why) =>
          tell({
            kind: 'down',
            url: this.url,
            why: `lost the connection to Redis at ${this.url}: ${why.message}`,
          }),
      },
    });
  }

  serves(slot: number): boolean {
    return this.route.slots?.some(([first, last]) => first <= slot && slot <= last) ?? true;
  }

  isAt(host: string, port: number): boolean {
    const { server } = this.route.address;
    return 'host' in server && server.host === host && server.port === port;
  }

  connection(): Promise<Connection> {
    const { current } = this.#connection;
    return current ? Promise.resolve(current) : new Promise((resolve) => this.#waiting.push(resolve));
  }

  ping(): void {
    // If it fails, the connection is lost, which is told of there.
    this.#connection.current?.send('ping', []).catch(() => {});
  }

  close(): void {
    this.#connection.close();
  }
}

const masters = new Map<string, Master>();

function tell(message: FromShutdownThread): void {
  parentPort?.postMessage(message);
}

function setRoutes(routes: readonly ShutdownRoute[]): void {
  const wanted = new Map(routes.map((route) => [describeAddress(route.address), route]));
  for (const [url, master] of masters) {
    const route = wanted.get(url);
    if (route) {
      master.route = route;
    } else {
      master.close();
      masters.delete(url);
    }
  }
  for (const [url, route] of wanted) if (!masters.has(url)) masters.set(url, new Master(route));
}

/** @throws what the connection throws */
async function send(master: Master, { sha1, keys, args }: PackedCall): Promise<void> {
  const rest = [String(keys.length), ...[...keys, ...args].map((text) => Buffer.from(text, 'latin1'))];
  const connection = await master.connection();
  try {
    await connection.send('evalsha', [sha1, ...rest]);
  } catch (error) {
    const source = sources.get(sha1);
    if (!isReplyError(error) || !error.message.startsWith('NOSCRIPT') || !source) throw error;
    await connection.send('eval', [Buffer.from(source), ...rest]);
  }
}

async function run(call: PackedCall): Promise<void> {
  const slot = keySlot(Buffer.from(call.keys[0] ?? '', 'latin1'));
  const master = [...masters.values()].find((one) => one.serves(slot));
  if (!master) return;
  try {
    await send(master, call);
  } catch (error) {
    const { server } = master.route.address;
    const to = parseRedirection((error as Error).message, 'host' in server ? server.host : '');
    const other = to && [...masters.values()].find((one) => one.isAt(to.host, to.port));
    if (!other) return;
    await send(other, call);
  }
  Atomics.add(words, ANSWERED, 1);
}

/** All that was to be run so far. */
let running: Promise<unknown>[] = [];
/** What came last is sent. */
let sent: Promise<void> = Promise.resolve();

/** What fails is told by the number of answers: nobody would read a log line any more. */
async function runAll(calls: readonly PackedCall[], last: boolean): Promise<void> {
  running.push(...calls.map(run));
  if (last) {
    const all = running;
    running = [];
    void Promise.allSettled(all).then(() => {
      Atomics.store(words, DONE, 1);
      Atomics.notify(words, DONE);
    });
  }
  // They are written, and replies to earlier ones read, before the next are made ready.
  await nextTurn();
}

parentPort?.on('message', (message: ToShutdownThread) => {
  if (message.kind === 'routes') setRoutes(message.routes);
  else sent = sent.then(() => runAll(message.calls, message.last));
});

if (upstream.pingIntervalSeconds > 0) {
  every(upstream.pingIntervalSeconds, () => {
    for (const master of masters.values()) master.ping();
  });
}
