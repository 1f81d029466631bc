/** A WebSocketConnection of this process and the socket at its other end, without nginx or a handshake. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { type ConnectionSettings, WebSocketConnection } from '../../sidecar/websocket/connection.ts';
import { negotiateDeflate } from '../../sidecar/websocket/permessage-deflate.ts';
import { atEnd } from './cleanup.ts';
import { tempDir } from './files.ts';
import { waitFor } from './wait.ts';

export interface ConnectionPair {
  readonly connection: WebSocketConnection;
  /** The connection's own end. */
  readonly socket: Socket;
  readonly client: Socket;
  /** The messages that the connection gave, as text. */
  readonly messages: string[];
  /** What happened besides messages, in order. */
  readonly happened: ('pong' | 'drained' | 'closed')[];
  /** Everything that the client was sent so far. */
  received(): Buffer;
  /** Called with each message before it is noted. */
  onMessage: (data: Buffer) => void;
  onPong: () => void;
  /** Resolves when `closed` was called. */
  closed(): Promise<unknown>;
}

export interface PairOptions extends Partial<ConnectionSettings> {
  /** Default: a unix socket, which is what nginx uses. */
  readonly tcp?: boolean;
}

/** The agreement on compression where each message stands for itself. */
const DEFLATE = negotiateDeflate('permessage-deflate; client_no_context_takeover', 10);

/** Opens one; closed after the test file. */
export async function openPair({ tcp, ...settings }: PairOptions = {}): Promise<ConnectionPair> {
  const server = createServer({ allowHalfOpen: true });
  const accepted = once(server, 'connection') as Promise<[Socket]>;
  const address = tcp ? { host: '127.0.0.1', port: 0 } : { path: join(tempDir(), 'socket') };
  server.listen(address);
  await once(server, 'listening');
  const { port } = server.address() as { port?: number };
  const client = connect({
    allowHalfOpen: true,
    ...(tcp ? { host: '127.0.0.1', port: port as number } : { path: (address as { path: string }).path }),
  });
  client.on('error', () => {});
  let received = Buffer.alloc(0);
  client.on('data', (bytes) => {
    received = Buffer.concat([received, bytes]);
  });
  const [socket] = await accepted;
  atEnd(() => {
    client.destroy();
    socket.destroy();
    server.close();
  });
  const messages: string[] = [];
  const happened: ConnectionPair['happened'] = [];
  const connection = new WebSocketConnection(
    socket,
    Buffer.alloc(0),
    { maxMessageBytes: 1024 * 1024, deflate: DEFLATE, publishes: true, ...settings },
    {
      message(data) {
        pair.onMessage(data);
        messages.push(data.toString());
      },
      pong() {
        happened.push('pong');
        pair.onPong();
      },
      drained: () => void happened.push('drained'),
      closed: () => void happened.push('closed'),
    },
  );
  const pair: ConnectionPair = {
    connection,
    socket,
    client,
    messages,
    happened,
    received: () => received,
    onMessage: () => {},
    onPong: () => {},
    closed: () => waitFor('the connection to be closed', () => happened.includes('closed')),
  };
  return pair;
}
