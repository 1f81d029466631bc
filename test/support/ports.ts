import { createServer } from 'node:net';

/** Below Linux's range of ephemeral ports, so that no outgoing connection takes a port between here and its use. */
const FIRST_PORT = 20_000;
const PORTS = 12_000;

/** Ports given out by this process, which need not be in use yet. */
const given = new Set<number>();

/** True when nobody listens on the port, on any address. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A TCP port that is free on every IPv4 address and was not given out before by this process. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (given.has(port)) continue;
    given.add(port);
    if (await isFree(port)) return port;
  }
}
