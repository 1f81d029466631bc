/** A sidecar in this process, with a subscriber that must never see what is meant for others. */
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import { HANDOFF } from '../../handoff/headers.ts';
import { DEFAULT_LIMITS } from '../../sidecar/config.ts';
import { Events } from '../../sidecar/events/events.ts';
import { Hooks } from '../../sidecar/hooks/hooks.ts';
import { createSidecarServer } from '../../sidecar/server.ts';
import { Metrics } from '../../sidecar/statistics/metrics.ts';
import { Stores } from '../../sidecar/store/stores.ts';
import { SubscriberInfo } from '../../sidecar/subscriber-info/requests.ts';
import { atEnd } from '../support/cleanup.ts';
import { tempDir } from '../support/files.ts';
import { waitFor, within } from '../support/wait.ts';

const CONNECTIONS = 16;
const ERROR_LEVEL = 50;
/** How long an answer may take; most of what is thrown gets none. */
const PATIENCE_MS = 5;
const BYSTANDER_CHANNEL = 'quiet/bystander';

export type HandoffValues = Partial<Record<keyof typeof HANDOFF, string>>;

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** The headers of a hand-off. */
export function handoffHeaders(values: HandoffValues): Record<string, string> {
  const entries = Object.entries(values) as [keyof typeof HANDOFF, string][];
  return Object.fromEntries(entries.map(([name, value]) => [HANDOFF[name].header, value]));
}

export const PUBSUB = JSON.stringify({
  publisher: ['http', 'websocket'],
  subscriber: ['websocket', 'longpoll'],
});

/** Starts it; stopped after the test file. */
export async function startSidecar() {
  const socketPath = join(tempDir(), 'sidecar.sock');
  const faults: string[] = [];
  const log = pino(
    { level: 'info' },
    {
      write(line: string) {
        if ((JSON.parse(line) as { level: number }).level >= ERROR_LEVEL) faults.push(line);
      },
    },
  );
  const noRedis = (): never => {
    throw new Error('nothing here uses Redis');
  };
  const stores = new Stores({ limitBytes: DEFAULT_LIMITS.storeBytes }, log, noRedis);
  const server = createSidecarServer({
    metrics: new Metrics({ stores, limits: () => DEFAULT_LIMITS }),
    stopping: () => false,
    stores,
    hooks: new Hooks(log),
    events: new Events(log),
    subscriberInfo: new SubscriberInfo(log),
    log,
    limits: () => DEFAULT_LIMITS,
    secret: undefined,
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  atEnd(async () => {
    agent.destroy();
    await stores.close();
    server.closeAllConnections();
    server.close();
  });

  /** One request over a kept connection, as nginx makes them. */
  const exchange = (method: string, headers: Record<string, string>, body: Uint8Array = Buffer.alloc(0)) =>
    new Promise<Answer>((resolve, reject) => {
      const outgoing = request({ socketPath, agent, method, path: '/', headers }, (response) => {
        const parts: Buffer[] = [];
        response.on('data', (part: Buffer) => parts.push(part));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode as number,
            headers: response.headers,
            body: Buffer.concat(parts),
          }),
        );
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });

  /** Bytes on a connection of their own, and FIN after the first answer or when none comes; everything that came back. */
  const throwAt = (bytes: Uint8Array) =>
    new Promise<Buffer>((resolve) => {
      const socket = connect(socketPath);
      const parts: Buffer[] = [];
      const patience = setTimeout(() => socket.end(), PATIENCE_MS);
      socket.on('data', (part) => {
        parts.push(part);
        socket.end();
      });
      socket.on('error', () => {});
      socket.on('close', () => {
        clearTimeout(patience);
        resolve(Buffer.concat(parts));
      });
      socket.write(bytes);
    });

  const bystander = connect(socketPath);
  const headers = handoffHeaders({
    settings: PUBSUB,
    action: 'subscribe',
    transport: 'http-raw-stream',
    channels: BYSTANDER_CHANNEL,
    connection: 'upgrade',
    upgrade: 'http-raw-stream',
  });
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  bystander.write(`GET / HTTP/1.1\r\nHost: x\r\n${lines.join('')}\r\n`);
  let seen = '';
  let wake = (): void => {};
  bystander.on('data', (data) => {
    seen += data.toString('latin1');
    wake();
  });
  atEnd(() => void bystander.destroy());
  await waitFor('the bystander', () => seen.includes('\r\n\r\n'));
  const head = seen;
  let sent = '';

  return {
    exchange,
    throwAt,
    /** Throws unless the sidecar serves and the bystander saw its own channel's messages and nothing else. */
    async checkBystander(): Promise<void> {
      const text = `message ${sent.length}`;
      sent += `${text}\n`;
      const values = { settings: PUBSUB, action: 'publish', transport: 'http', channels: BYSTANDER_CHANNEL };
      const { status } = await within(
        'an answer',
        exchange('POST', handoffHeaders(values), Buffer.from(text)),
      );
      if (status !== 201) throw new Error(`the bystander's publisher got ${status}`);
      if (seen.length < head.length + sent.length) {
        const more = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await within('the bystander to get its message', more);
      }
      if (seen !== head + sent) throw new Error(`the bystander saw ${JSON.stringify(seen.slice(-500))}`);
      if (faults.length > 0) throw new Error(`the sidecar logged ${faults.splice(0).join('')}`);
    },
  };
}
