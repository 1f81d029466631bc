import { every } from '../timers.ts';
import type { WebSocketConnection } from './connection.ts';
import { encodeFrame, OPCODE } from './frame.ts';

const PING = encodeFrame(OPCODE.ping, Buffer.alloc(0));

/** What a pinger needs of a connection. */
export type Pinged = Pick<WebSocketConnection, 'write' | 'close' | 'heardAll'>;

/**
 * Pings a client every so often and closes the connection when it did not answer before the next ping is due
 * (spec/directives.md §6, nchan_websocket_ping_interval). An interval in which the connection did not read all that
 * came does not count: the pong may be in what was not read.
 */
export class Pinger {
  readonly #timer: NodeJS.Timeout;
  #awaited = false;

  constructor(connection: Pinged, intervalSeconds: number) {
    const tick = (): void => {
      const heardAll = connection.heardAll(); // asked at each ping, since it tells about the time between two
      if (this.#awaited && heardAll) {
        this.stop();
        connection.close(1000, 'no answer to ping');
        return;
      }
      this.#awaited = true;
      connection.write(PING);
    };
    this.#timer = every(intervalSeconds, tick);
  }

  /** A pong came. */
  answered(): void {
    this.#awaited = false;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
