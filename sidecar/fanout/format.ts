import type { Traffic } from '../statistics/statistics.ts';
import type { Delivery } from '../store/message.ts';

/**
 * How a transport writes a message. Each distinct way is one object, shared by all its subscribers: a message is
 * encoded once per format and the same bytes go to every subscriber of that format.
 */
export interface MessageFormat {
  /** Bytes of one message on the wire, complete in themselves so that several can be joined. */
  encode(delivery: Delivery): Buffer;
  /** True for transports that answer with one message and end (long-poll). */
  readonly once: boolean;
  /** Counts what is delivered in this form; undefined where that is counted with the answers. */
  readonly traffic?: Traffic;
}
