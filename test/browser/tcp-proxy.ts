/** A TCP proxy between a browser and nginx, whose connections a test can cut. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { atEnd } from '../support/cleanup.ts';

export interface TcpProxy {
  readonly port: number;
  /** Resets every connection, as a network that breaks; new ones are taken. */
  cut(): void;
  /** How many connections were made so far. */
  connections(): number;
}

/** Listens on a free loopback port and passes bytes to and from `target`. Closed after the test file. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const keep = (socket: Socket): Socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // What breaks on one side is passed on to the other by 'close'.
    socket.on('error', () => {});
    return socket;
  };
  const server = createServer((fromBrowser) => {
    connections++;
    keep(fromBrowser);
    const toNginx = keep(connect({ host: '127.0.0.1', port: target }));
    fromBrowser.pipe(toNginx).pipe(fromBrowser);
    fromBrowser.on('close', () => toNginx.destroy());
    toNginx.on('close', () => fromBrowser.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  atEnd(async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    cut();
    await closed;
  });
  return { port: (server.address() as AddressInfo).port, cut, connections: () => connections };
}
