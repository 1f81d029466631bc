import type { Socket } from 'node:net';
import type { StreamingSubscriber, Wire } from './streaming.ts';
import type { EndStatus } from './subscriber.ts';

export interface RawWire extends Wire {
  /** Tells the subscriber when the connection drains and when it closes. */
  attach(subscriber: StreamingSubscriber): void;
}

/**
 * The wire of transports that are a plain sequence of bytes after the response's head.
 * @param farewells what the transport sends before it closes, for each status.
 */
export function rawWire(socket: Socket, farewells: Record<EndStatus, string>): RawWire {
  socket.setTimeout(0);
  return {
    write(bytes) {
      socket.write(bytes);
      return socket.writableLength;
    },
    finish: (status) => void socket.end(farewells[status]),
    destroy: () => void socket.destroy(),
    attach(subscriber) {
      socket.on('drain', () => subscriber.drained());
      socket.on('close', () => subscriber.closed());
      socket.on('error', () => socket.destroy());
      // nginx closes its end when the client leaves; unanswered, the descriptor would stay for ever.
      socket.on('end', () => socket.destroy());
      socket.resume();
    },
  };
}
