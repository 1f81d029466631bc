/**
 * Where requests wait while the sidecar is being restarted. nginx comes here when nobody listens on the sidecar's
 * socket, and is connected through as soon as somebody does: a browser's EventSource that were told 502 then would never
 * come back (WHATWG HTML §9.2.3).
 */
import { chmodSync, chownSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type { Account } from './users.ts';

/** Milliseconds between two looks for the sidecar. */
const LOOK_MS = 50;

/** Milliseconds that a request waits at most; nginx then answers 502. */
const PATIENCE_MS = 10_000;

/** Requests that may wait at a time; those beyond are told 502 at once. */
const MAX_WAITING = 8192;

/** Only nginx's workers may come in, as to the sidecar itself. */
const SOCKET_MODE = 0o600;

export class WaitingRoom {
  readonly #server: Server;
  readonly #sidecarSocket: string;
  readonly #guests = new Set<Socket>();

  private constructor(sidecarSocket: string) {
    this.#sidecarSocket = sidecarSocket;
    this.#server = createServer(
      { allowHalfOpen: true, pauseOnConnect: true },
      (guest) => void this.#serve(guest),
    );
    this.#server.maxConnections = MAX_WAITING;
  }

  /**
   * Opens it.
   * @param path of its unix socket; what is left there from before is replaced
   * @param account that nginx's workers run as; undefined unless we are root
   * @throws Error when the socket cannot be made
   */
  static async open(path: string, sidecarSocket: string, account: Account | undefined): Promise<WaitingRoom> {
    const room = new WaitingRoom(sidecarSocket);
    rmSync(path, { force: true });
    await new Promise<void>((resolve, reject) => {
      room.#server.once('error', reject);
      const before = process.umask(0o177);
      room.#server.listen({ path, backlog: MAX_WAITING }, resolve);
      process.umask(before);
    });
    chmodSync(path, SOCKET_MODE);
    if (account) chownSync(path, account.uid, account.gid);
    return room;
  }

  /** Sends everybody away who still waits or is connected through. */
  close(): void {
    this.#server.close();
    for (const guest of this.#guests) guest.destroy();
  }

  async #serve(guest: Socket): Promise<void> {
    this.#guests.add(guest);
    guest.on('error', () => guest.destroy());
    guest.once('close', () => this.#guests.delete(guest));
    const end = performance.now() + PATIENCE_MS;
    while (!guest.destroyed) {
      const sidecar = await this.#findSidecar();
      if (sidecar) {
        passThrough(guest, sidecar);
        return;
      }
      if (performance.now() >= end) guest.destroy();
      else await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** A connection to the sidecar, undefined while nobody listens. */
  #findSidecar(): Promise<Socket | undefined> {
    return new Promise((resolve) => {
      const socket = connect({ path: this.#sidecarSocket, allowHalfOpen: true });
      socket.once('connect', () => {
        socket.removeAllListeners('error');
        resolve(socket);
      });
      socket.once('error', () => resolve(undefined));
    });
  }
}

function passThrough(guest: Socket, sidecar: Socket): void {
  sidecar.on('error', () => sidecar.destroy());
  sidecar.once('close', () => guest.destroy());
  guest.once('close', () => sidecar.destroy());
  if (guest.destroyed) {
    sidecar.destroy();
    return;
  }
  guest.pipe(sidecar);
  sidecar.pipe(guest);
}
