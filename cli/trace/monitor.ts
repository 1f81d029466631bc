/**
 * A connection that runs MONITOR. The client library is not used for it: it splits the lines at quotes that are part of
 * an argument and leaves most escapes in.
 */
import { connect as connectPlain, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { tlsOptions } from '../../sidecar/store/redis/client.ts';
import { connectError, RedisConnectError } from '../../sidecar/store/redis/connect-error.ts';
import { describeAddress, type RedisAddress } from '../../sidecar/store/redis/url.ts';
import { LineSplitter } from './line-splitter.ts';

/** How long the server may take to connect, to accept the login and to begin, in milliseconds. */
const START_TIMEOUT_MS = 10_000;

/** A line has each byte of a command, up to four characters a byte. Longer ones are cut. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;

/** What Redis answers to a password where none is set. The connection works nevertheless. */
const NEEDLESS_PASSWORD = /no password is set|without any password configured/;

export interface MonitorEvents {
  /** MONITOR runs: what happens from now on is seen. */
  onStart(): void;
  /** A line, as parseMonitorLine takes it. */
  onLine(line: string): void;
  /** Something that the user should know, without control characters. */
  onWarning(text: string): void;
}

/** A command in Redis's protocol. */
function encode(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

function loginCommand({ username, password }: RedisAddress): string[] | undefined {
  if (password === undefined) return undefined;
  return username === undefined ? ['AUTH', password] : ['AUTH', username, password];
}

function openSocket({ server, tls }: RedisAddress): Socket {
  return tls && 'host' in server
    ? connectTls({ ...server, ...tlsOptions(server.host) })
    : connectPlain(server);
}

/** As the client library names errors that the server replied. */
function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

/**
 * Watches a server until `signal` is aborted.
 * @throws RedisConnectError when it cannot be reached, refuses the login or MONITOR, or ends the connection
 */
export function monitor(address: RedisAddress, signal: AbortSignal, events: MonitorEvents): Promise<void> {
  const login = loginCommand(address);
  const commands = [...(login ? [login] : []), ['MONITOR']];
  let answered = 0;
  const started = () => answered === commands.length;

  return new Promise((resolve, reject) => {
    const socket = openSocket(address);
    const fail = (error: Error) => {
      reject(error);
      socket.destroy();
    };

    const takeAnswer = (line: string) => {
      const isError = line.startsWith('-');
      const needless = answered === 0 && login !== undefined && NEEDLESS_PASSWORD.test(line);
      if (isError && !needless) return fail(connectError(address, replyError(line.slice(1))));
      if (!isError && !line.startsWith('+'))
        return fail(connectError(address, new Error('this is not Redis')));
      if (isError) events.onWarning(`${describeAddress(address)} needs no password`);
      answered++;
      if (!started()) return;
      socket.setTimeout(0);
      events.onStart();
    };
    const lines = new LineSplitter(MAX_LINE_BYTES, (line) => {
      if (socket.destroyed) return;
      if (started()) events.onLine(line.slice(1));
      else takeAnswer(line);
    });

    socket.on('data', (chunk) => lines.push(chunk));
    socket.on('error', (error) => fail(connectError(address, error)));
    socket.on('close', () => {
      if (signal.aborted) resolve();
      else fail(new RedisConnectError(`Redis at ${describeAddress(address)} closed the connection`));
    });
    socket.setTimeout(START_TIMEOUT_MS, () => {
      fail(connectError(address, new Error(`no answer within ${START_TIMEOUT_MS / 1000} s`)));
    });
    socket.setKeepAlive(true);
    socket.write(commands.map(encode).join(''));
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    if (signal.aborted) socket.destroy();
  });
}
