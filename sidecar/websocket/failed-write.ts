import type { Socket } from 'node:net';
import { PEER_IS_GONE } from '../peer-is-gone.ts';

type Written = (error?: Error | null) => void;

/**
 * Lets a socket be read to its end after a write found that the other side has closed. Node would destroy it at once,
 * and with it what the other side sent before: the kernel holds some 200 KiB of it on a unix socket.
 * @param failed called once, in the middle of that write; what is written from then on goes nowhere.
 */
export function readOnAfterFailedWrite(socket: Socket, failed: () => void): void {
  let gone = false;
  const spare =
    (done: Written): Written =>
    (error) => {
      if (!error || !PEER_IS_GONE.has((error as NodeJS.ErrnoException).code)) {
        done(error); // after other failures there is nothing to wait for
        return;
      }
      if (!gone) {
        gone = true;
        failed();
      }
      done();
    };
  const { _write: write, _writev: writev } = socket;
  socket._write = (chunk, encoding, done) => {
    if (gone) done();
    else write.call(socket, chunk, encoding, spare(done));
  };
  socket._writev = (chunks, done) => {
    if (gone) done();
    else writev?.call(socket, chunks, spare(done));
  };
}
