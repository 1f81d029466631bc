/**
 * Connections with messages that pass by the gateway. nginx keeps them apart from all others, and writes their requests
 * always alike, one after the other. That little HTTP is read here: Node's own reading and writing of it costs more than
 * all the rest of a message. Whatever is not such a request goes to Node's HTTP server after all, with its connection.
 */

import type { Socket } from 'node:net';
import { reportFault, type ServerContext } from '../context.ts';
import { KEEP_ALIVE_MS, MAX_HEADER_BYTES } from '../handoff.ts';
import { ownBytes } from '../own-bytes.ts';
import { logRecurringFault } from '../recurring-fault.ts';
import { notAHandoff, refuse } from '../refusal-reply.ts';
import { writeReply } from '../reply.ts';
import { type DirectHead, DirectHeadReader } from './direct-head.ts';
import { type PublisherAnswer, publishMessage } from './http.ts';

/** How such a request begins: those of the gateway have its action as their target. */
const FIRST_LINE = Buffer.from('POST / HTTP/1.1\r\n');
const HEAD_END = Buffer.from('\r\n\r\n');
const NOTHING = Buffer.alloc(0);

/**
 * Pieces in which a head may come: each is copied with all before it, so more of them are left to Node's parser, which
 * does not mind. nginx writes a head in one go, of which a socket takes so much at a time.
 */
const MAX_HEAD_PIECES = 16;

/** Bytes of answers that may wait to be taken; whoever sends requests and takes no answers is not nginx. */
const MAX_UNSENT_BYTES = 64 * 1024;

/** Who owns a connection. */
export interface DirectOwner {
  /** Takes the connection; what it has sent can be read from it again. */
  otherwise(): void;
  /** The connection is closed, or somebody else's. */
  left(): void;
}

/** A request whose body is not complete. */
interface Request {
  readonly head: DirectHead;
  readonly parts: Buffer[];
  readonly isTooLarge: boolean;
  missingBytes: number;
}

export class DirectConnection {
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #owner: DirectOwner;
  readonly #heads: DirectHeadReader;
  /** The beginning of a head, and the number of pieces in which it came. */
  #head: Buffer = NOTHING;
  #headPieces = 0;
  #request: Request | undefined;
  #isAnswering = false;
  #isClosing = false;
  readonly #receive = (chunk: Buffer): void => this.#received(chunk);
  readonly #left = (): void => this.#owner.left();
  readonly #fail = (): void => void this.#socket.destroy();
  readonly #idle = (): void => {
    if (!this.#isAnswering) this.#socket.destroy();
  };

  constructor(socket: Socket, context: ServerContext, owner: DirectOwner) {
    this.#socket = socket;
    this.#context = context;
    this.#owner = owner;
    this.#heads = new DirectHeadReader(context.secret);
    // The HTTP server lets connections be half open, so their ends are ours to make.
    socket.on('data', this.#receive).on('end', this.#fail).on('error', this.#fail).on('close', this.#left);
    socket.setTimeout(KEEP_ALIVE_MS, this.#idle);
  }

  /** Closes the connection, once the requests that have come over it are answered. */
  closeWhenIdle(): void {
    this.#isClosing = true;
    // What nginx has sent by now is read before.
    setImmediate(() => {
      if (!this.#isAnswering && !this.#request && this.#head.length === 0) this.#socket.destroy();
    });
  }

  #received(chunk: Buffer): void {
    if (this.#isAnswering) {
      this.#refuse('a request before the last was answered');
      return;
    }
    if (this.#socket.writableLength > MAX_UNSENT_BYTES) {
      this.#refuse('requests whose answers are not taken');
      return;
    }
    const body = this.#request ? chunk : this.#readHead(chunk);
    const request = this.#request;
    if (!request || !body) return;
    request.missingBytes -= body.length;
    if (request.missingBytes < 0) {
      this.#refuse('more body than was announced');
      return;
    }
    if (!request.isTooLarge && body.length > 0) request.parts.push(body);
    if (request.missingBytes > 0) return;
    this.#request = undefined;
    this.#isAnswering = true;
    this.#answer(request).catch((error: unknown) => {
      logRecurringFault(this.#context.log, 'NJ-ANSWER-FAILED', String(error), 'an answer failed', {
        err: error,
      });
      this.#socket.destroy();
    });
  }

  /** Reads the head as far as it has come, and makes `#request` of it; returns what follows it. */
  #readHead(chunk: Buffer): Buffer | undefined {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    this.#headPieces++;
    const length = Math.min(bytes.length, FIRST_LINE.length);
    if (bytes.compare(FIRST_LINE, 0, length, 0, length) !== 0) {
      this.#handOver(bytes);
      return undefined;
    }
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 && bytes.length <= MAX_HEADER_BYTES && this.#headPieces < MAX_HEAD_PIECES) {
      this.#head = bytes;
      return undefined;
    }
    this.#head = NOTHING;
    this.#headPieces = 0;
    let head: DirectHead | undefined;
    try {
      // With the end of its last line.
      if (end >= 0) head = this.#heads.read(bytes.toString('latin1', FIRST_LINE.length, end + 2));
    } catch (error) {
      this.#notAHandoff(error);
      return undefined;
    }
    if (!head) {
      this.#handOver(bytes);
      return undefined;
    }
    const isTooLarge = head.bodyBytes > this.#context.limits().messageBytes;
    this.#request = { head, parts: [], isTooLarge, missingBytes: head.bodyBytes };
    return bytes.subarray(end + HEAD_END.length);
  }

  /** Answers and closes, before a byte of a body is kept. */
  #notAHandoff(error: unknown): void {
    const socket = this.#socket;
    socket.off('data', this.#receive);
    socket.resume();
    writeReply(socket, notAHandoff(this.#context, error), { closes: true });
    socket.destroySoon();
  }

  async #answer({ head: { headers, handoff }, parts, isTooLarge }: Request): Promise<void> {
    let answer: PublisherAnswer;
    try {
      if (handoff.refusal) {
        answer = { refusal: handoff.refusal };
      } else {
        const store = this.#context.stores.of(handoff.settings);
        answer = await publishMessage(store, handoff, headers, isTooLarge ? undefined : ownBytes(parts));
      }
    } catch (error) {
      answer = { refusal: reportFault(this.#context, handoff, error) };
    }
    this.#isAnswering = false;
    if (this.#socket.destroyed) return;
    const reply = 'refusal' in answer ? refuse(answer.refusal, handoff) : answer;
    writeReply(this.#socket, reply, { closes: this.#isClosing });
    if (this.#isClosing) this.#socket.destroySoon();
  }

  /** Gives the connection to Node's HTTP server, with what has been read from it. */
  #handOver(bytes: Buffer): void {
    const socket = this.#socket;
    socket
      .off('data', this.#receive)
      .off('end', this.#fail)
      .off('error', this.#fail)
      .off('close', this.#left);
    socket.setTimeout(0, this.#idle);
    socket.pause();
    socket.unshift(bytes);
    this.#owner.left();
    this.#owner.otherwise();
    socket.resume(); // what was paused by hand does not flow by itself for the next that listens
  }

  #refuse(what: string): void {
    const message = `closed a connection from nginx: ${what}`;
    logRecurringFault(this.#context.log, 'NJ-NGINX-CONNECTION', what, message);
    this.#socket.destroy();
  }
}
