import { every } from '../timers.ts';
import type { WebSocketConnection } from './connection.ts';
import { encodeFrame, OPCODE } from './frame.ts';

const PING = encodeFrame(OPCODE.ping, Buffer.alloc(0));

/**
 * Pings a client every so often and closes the connection when it did not answer before the next ping is due
 * (spec/directives.md §6, nchan_websocket_ping_interval).
 */
export class Pinger {
  readonly #timer: NodeJS.Timeout;
  #awaited = false;

  constructor(connection: WebSocketConnection, intervalSeconds: number) {
    const tick = (): void => {
      if (this.#awaited) {
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
