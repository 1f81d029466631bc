/** Publishing over a WebSocket (spec/http-protocol.md §3). */
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import { REFUSALS } from '../../handoff/refusals.ts';
import { reportFault, type ServerContext } from '../context.ts';
import type { Handoff } from '../handoff.ts';
import type { WebSocketConnection } from '../websocket/connection.ts';
import { encodeFrame, OPCODE } from '../websocket/frame.ts';
import { formatChannelInfo, type InfoFormat, negotiateFormat } from './channel-info.ts';
import { ownBytes } from './own-bytes.ts';
import { publish } from './publish.ts';

/** Messages of one connection that may wait for the store before its client is made to wait. */
const MAX_WAITING = 64;

export class WebSocketPublisher {
  readonly #connection: WebSocketConnection;
  readonly #handoff: Handoff;
  readonly #context: ServerContext;
  readonly #replies: boolean;
  readonly #format: InfoFormat;
  readonly #textContentType: string;
  readonly #event: string;
  /** Messages are stored one after the other, in the order in which they came. */
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;

  /** @param replies whether each message is answered with the channel's figures. */
  constructor(
    connection: WebSocketConnection,
    headers: IncomingHttpHeaders,
    handoff: Handoff,
    context: ServerContext,
    replies: boolean,
  ) {
    this.#connection = connection;
    this.#handoff = handoff;
    this.#context = context;
    this.#replies = replies;
    this.#format = negotiateFormat(headers.accept);
    this.#textContentType = headers['content-type'] ?? '';
    this.#event = (headers['x-eventsource-event'] as string | undefined) ?? '';
  }

  /** Publishes one message of the client. */
  message(data: Buffer, binary: boolean): void {
    this.#waiting += 1;
    if (this.#waiting === MAX_WAITING) this.#connection.setReading(false);
    this.#queue = this.#queue.then(() => this.#publish(data, binary));
  }

  async #publish(data: Buffer, binary: boolean): Promise<void> {
    try {
      const info = await publish(this.#context.store, this.#handoff, {
        data: ownBytes([data]),
        contentType: binary ? 'application/octet-stream' : this.#textContentType,
        eventsourceEvent: this.#event,
      });
      if (this.#replies) {
        const { body } = formatChannelInfo(info, this.#format, Date.now());
        this.#connection.write(encodeFrame(OPCODE.text, Buffer.from(body)));
      }
    } catch (error) {
      const { status } = REFUSALS[reportFault(this.#context, this.#handoff, error)];
      this.#connection.close(1011, `${status} ${STATUS_CODES[status]}`);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === MAX_WAITING - 1) this.#connection.setReading(true);
    }
  }
}
