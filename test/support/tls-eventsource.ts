import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import { atEnd } from './cleanup.ts';

/** Subscribes by EventSource over TLS, on a local port, and reads until the head is there. */
export async function openTlsEventSource(port: number, target: string): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'localhost' });
  atEnd(() => void socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n`);
  await once(socket, 'data');
  return socket;
}
