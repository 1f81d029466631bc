/**
 * Connections with messages that pass by the gateway. nginx keeps them apart from all others, and writes their requests
 * always alike, one after the other. That little HTTP is read here: Node's own reading and writing of it costs more than
 * all the rest of a message. Whatever is not such a request goes to Node's HTTP server after all, with its connection.
 */
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { PUBLISH_HEADER } from '../../handoff/headers.ts';
import { reportFault, type ServerContext } from '../context.ts';
import { type Handoff, KEEP_ALIVE_MS, MAX_HEADER_BYTES, readHandoff } from '../handoff.ts';
import { notAHandoff, refuse } from '../refusal-reply.ts';
import { type Reply, writeReply } from '../reply.ts';
import { publishMessage } from './http.ts';
import { ownBytes } from './own-bytes.ts';

/** How such a request begins: those of the gateway have its action as their target. */
const FIRST_LINE = Buffer.from('POST / HTTP/1.1\r\n');
const PUBLISH_NAME = PUBLISH_HEADER.toLowerCase();
const LINE_END = '\r\n';
const HEAD_END = Buffer.from(LINE_END + LINE_END);
const NOTHING = Buffer.alloc(0);

/** Who owns a connection. */
export interface DirectOwner {
  /** Takes the connection; what it has sent can be read from it again. */
  otherwise(): void;
  /** The connection is closed, or somebody else's. */
  left(): void;
}

/** A request whose body is not complete. */
interface Request {
  readonly headers: IncomingHttpHeaders;
  readonly handoff: Handoff;
  readonly parts: Buffer[];
  readonly isTooLarge: boolean;
  missingBytes: number;
}

export class DirectConnection {
  readonly #socket: Socket;
  readonly #context: ServerContext;
  readonly #owner: DirectOwner;
  /** The beginning of a head. */
  #head: Buffer = NOTHING;
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
    // The HTTP server lets connections be half open, so their ends are ours to make.
    socket.on('data', this.#receive).on('end', this.#fail).on('error', this.#fail).on('close', this.#left);
    socket.setTimeout(KEEP_ALIVE_MS, this.#idle);
  }

  /** Closes the connection, once the request that it may be serving is answered. */
  closeWhenIdle(): void {
    this.#isClosing = true;
    if (!this.#isAnswering && !this.#request) this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    if (this.#isAnswering) {
      this.#refuse('a request before the last was answered');
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
      this.#context.log.error({ err: error }, 'an answer failed');
      this.#socket.destroy();
    });
  }

  /** Reads the head as far as it has come, and makes `#request` of it; returns what follows it. */
  #readHead(chunk: Buffer): Buffer | undefined {
    const bytes = this.#head.length === 0 ? chunk : Buffer.concat([this.#head, chunk]);
    const length = Math.min(bytes.length, FIRST_LINE.length);
    if (bytes.compare(FIRST_LINE, 0, length, 0, length) !== 0) {
      this.#handOver(bytes);
      return undefined;
    }
    const end = bytes.indexOf(HEAD_END);
    if (end < 0 && bytes.length <= MAX_HEADER_BYTES) {
      this.#head = bytes;
      return undefined;
    }
    const headers =
      end < 0 ? undefined : parseHeaders(bytes.toString('latin1', FIRST_LINE.length, end + LINE_END.length));
    const missingBytes = bodyLength(headers);
    if (headers?.[PUBLISH_NAME] === undefined || missingBytes === undefined) {
      this.#handOver(bytes);
      return undefined;
    }
    this.#head = NOTHING;
    const handoff = this.#readHandoff(headers);
    if (!handoff) return undefined;
    const isTooLarge = missingBytes > this.#context.limits().messageBytes;
    this.#request = { headers, handoff, parts: [], isTooLarge, missingBytes };
    return bytes.subarray(end + HEAD_END.length);
  }

  /** Answers and closes when it is none, before a byte of its body is kept. */
  #readHandoff(headers: IncomingHttpHeaders): Handoff | undefined {
    try {
      return readHandoff(headers, this.#context.secret);
    } catch (error) {
      const socket = this.#socket;
      writeReply(socket, notAHandoff(this.#context, error));
      socket.off('data', this.#receive);
      socket.resume();
      socket.end();
      return undefined;
    }
  }

  async #answer(request: Request): Promise<void> {
    const reply = await this.#reply(request);
    this.#isAnswering = false;
    if (this.#socket.destroyed) return;
    writeReply(this.#socket, reply);
    if (this.#isClosing) this.#socket.end();
  }

  async #reply({ headers, handoff, parts, isTooLarge }: Request): Promise<Reply> {
    const context = this.#context;
    try {
      if (handoff.refusal) return refuse(handoff.refusal, handoff);
      const store = context.stores.of(handoff.settings);
      const answer = await publishMessage(store, handoff, headers, isTooLarge ? undefined : ownBytes(parts));
      return 'refusal' in answer ? refuse(answer.refusal, handoff) : answer;
    } catch (error) {
      return refuse(reportFault(context, handoff, error), handoff);
    }
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
    this.#context.log.warn(`closed a connection from nginx: ${what}`);
    this.#socket.destroy();
  }
}

/** Header lines, each with its end, by lower-case name; undefined when one has no colon. */
function parseHeaders(lines: string): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = {};
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(LINE_END, at);
    const colon = lines.indexOf(':', at);
    if (colon < 0 || colon > end) return undefined;
    headers[lines.slice(at, colon).toLowerCase()] = withoutBlanks(lines, colon + 1, end);
    at = end + LINE_END.length;
  }
  return headers;
}

/** The part of a text without blanks and tabs around it, which are no part of a header's value (RFC 9110 §5.5). */
function withoutBlanks(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start++;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--;
  return text.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Bytes that the body has; undefined when that is not said in the way in which nginx says it. */
function bodyLength(headers: IncomingHttpHeaders | undefined): number | undefined {
  const length = headers?.['content-length'] ?? '0';
  if (!/^\d{1,15}$(?!\n)/.test(length) || headers?.['transfer-encoding'] !== undefined) return undefined;
  return Number(length);
}
