/** Stands between a client and a server, and loses what it is told to lose: a network that no real server produces. */
import { connect, createServer, type Socket } from 'node:net';
import { atEnd } from './cleanup.ts';

export interface TcpProxy {
  readonly port: number;
  /**
   * From now on loses both ways what belongs to the connections on which the client has sent a text, without closing
   * them. New connections work.
   */
  cut(text: string): void;
  /** Ends all connections, and new ones at once, until `up`. */
  down(): void;
  up(): void;
}

/** Passes connections on to a unix socket. Closed after the test file. */
export async function startTcpProxy(socketPath: string): Promise<TcpProxy> {
  const connections = new Set<{ client: Socket; server: Socket; sent: string }>();
  let isDown = false;
  const listener = createServer((client) => {
    if (isDown) {
      client.destroy();
      return;
    }
    const connection = { client, server: connect(socketPath), sent: '' };
    const { server } = connection;
    connections.add(connection);
    client.on('data', (data) => {
      connection.sent += data.toString('latin1');
    });
    client.pipe(server);
    server.pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        other.destroy();
        connections.delete(connection);
      });
    }
  });
  const port = await new Promise<number>((resolve) => {
    listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port));
  });
  atEnd(() => {
    listener.close();
    for (const { client, server } of connections) {
      client.destroy();
      server.destroy();
    }
  });
  return {
    port,
    down() {
      isDown = true;
      for (const { client } of connections) client.destroy();
    },
    up() {
      isDown = false;
    },
    cut(text) {
      for (const { client, server, sent } of connections) {
        if (!sent.includes(text)) continue;
        client.unpipe(server);
        server.unpipe(client);
        client.resume();
        server.resume();
      }
    },
  };
}
