/** Publishing over a WebSocket (spec/http-protocol.md §3). */
import { type IncomingHttpHeaders, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { REFUSALS, type RefusalName } from '../../handoff/refusals.ts';
import { reportFault, type ServerContext } from '../context.ts';
import { GroupLimitError } from '../group/limits.ts';
import type { Handoff } from '../handoff.ts';
import { ownBytes } from '../own-bytes.ts';
import { statistics } from '../statistics/statistics.ts';
import type { WebSocketConnection } from '../websocket/connection.ts';
import { encodeFrame, OPCODE } from '../websocket/frame.ts';
import { formatChannelInfo, type InfoFormat, negotiateFormat } from './channel-info.ts';
import { eventOf, publish, whatToPublish } from './publish.ts';

/** Messages of one connection, and their bytes, that may wait for the store before its client is made to wait. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 1024 * 1024;

/** Close codes (RFC 6455 §7.4.1). */
const POLICY_VIOLATION = 1008;
const INTERNAL_ERROR = 1011;

export class WebSocketPublisher {
  readonly #connection: WebSocketConnection;
  readonly #socket: Socket;
  readonly #handoff: Handoff;
  readonly #context: ServerContext;
  readonly #replies: boolean;
  readonly #format: InfoFormat;
  readonly #textContentType: string;
  readonly #event: string;
  /** Messages are stored one after the other, in the order in which they came. */
  #queue: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #full = false;

  /**
   * @param socket of the connection
   * @param handoff the connection's, whose own channels are those of its subscription
   * @param replies whether each message is answered with the channel's figures.
   */
  constructor(
    connection: WebSocketConnection,
    socket: Socket,
    headers: IncomingHttpHeaders,
    handoff: Handoff,
    context: ServerContext,
    replies: boolean,
  ) {
    this.#connection = connection;
    this.#socket = socket;
    const { publisherChannels } = handoff;
    this.#handoff = publisherChannels ? { ...handoff, channels: publisherChannels } : handoff;
    this.#context = context;
    this.#replies = replies;
    this.#format = negotiateFormat(headers.accept);
    this.#textContentType = headers['content-type'] ?? '';
    this.#event = eventOf(handoff, headers);
  }

  /** Publishes one message of the client. */
  message(data: Buffer, binary: boolean): void {
    this.#count(1, data.length);
    this.#queue = this.#queue.then(() => this.#publish(data, binary));
  }

  async #publish(data: Buffer, binary: boolean): Promise<void> {
    try {
      if (this.#handoff.refusal) {
        this.#refuse(this.#handoff.refusal);
        return;
      }
      const { websocketMessageBytes } = this.#context.limits();
      const original = {
        data: ownBytes([data]),
        contentType: binary ? 'application/octet-stream' : this.#textContentType,
        eventsourceEvent: this.#event,
      };
      const draft = await whatToPublish(
        this.#context,
        this.#handoff,
        websocketMessageBytes,
        original,
        this.#socket,
      );
      if (draft === 'nothing') return;
      if (typeof draft === 'string') {
        this.#refuse(draft);
        return;
      }
      const store = this.#context.stores.of(this.#handoff.settings);
      const info = await publish(store, this.#handoff, { ...draft, contentType: original.contentType });
      this.#context.events.of(this.#handoff, store)?.published(info);
      if (this.#replies) {
        const { body } = formatChannelInfo(info, this.#format, Date.now());
        this.#connection.answer(encodeFrame(OPCODE.text, Buffer.from(body)));
      }
    } catch (error) {
      // As with Nchan, the message is dropped without a word.
      if (error instanceof GroupLimitError) statistics.refused[error.refusal] += 1;
      else this.#refuse(reportFault(this.#context, this.#handoff, error));
    } finally {
      this.#count(-1, -data.length);
    }
  }

  #refuse(refusal: RefusalName): void {
    const { status } = REFUSALS[refusal];
    statistics.refused[refusal] += 1;
    this.#connection.close(
      status < 500 ? POLICY_VIOLATION : INTERNAL_ERROR,
      `${status} ${STATUS_CODES[status]}`,
    );
  }

  #count(messages: number, bytes: number): void {
    this.#waiting += messages;
    this.#waitingBytes += bytes;
    const full = this.#waiting >= MAX_WAITING || this.#waitingBytes >= MAX_WAITING_BYTES;
    if (full === this.#full) return;
    this.#full = full;
    this.#connection.setReading(!full);
  }
}
