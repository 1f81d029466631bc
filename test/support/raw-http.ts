/** HTTP by the byte: sends exactly what a test writes and shows exactly what came back. */
import { connect, type Socket } from 'node:net';
import { atEnd } from './cleanup.ts';
import { DEADLINE_MS, within } from './wait.ts';

/** One response, with every byte of it. Text is latin1, so that each character is one byte. */
export interface RawResponse {
  /** `HTTP/1.1 200 OK`, without the line end. */
  readonly statusLine: string;
  readonly status: number;
  /** Names and values as sent, in the order sent. */
  readonly headerLines: readonly string[];
  /** By lower-case name; the last one wins, `headerLines` has them all. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body with chunked encoding taken off. */
  readonly body: Buffer;
  /** Head and body as they came. */
  readonly bytes: Buffer;
}

const HEAD_END = Buffer.from('\r\n\r\n');
const CRLF = Buffer.from('\r\n');

/** Where a body that begins at `start` ends, and what it holds; undefined when it is not complete. */
type Framed = { body: Buffer; end: number } | undefined;

function chunkedBody(bytes: Buffer, start: number): Framed {
  const parts: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf(CRLF, at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const data = lineEnd + CRLF.length;
    const next = data + size + CRLF.length;
    if (!(size >= 0) || bytes.length < next) return undefined;
    if (size === 0) return { body: Buffer.concat(parts), end: next };
    parts.push(bytes.subarray(data, data + size));
    at = next;
  }
}

/**
 * Reads the first response in `bytes`.
 * @param options.closed - the peer has closed, which ends a body that has no length
 * @param options.method - of the request; a response to HEAD has no body
 * @returns undefined when the response is not complete
 */
export function parseResponse(
  bytes: Buffer,
  options: { closed?: boolean; method?: string } = {},
): RawResponse | undefined {
  const headEnd = bytes.indexOf(HEAD_END);
  if (headEnd < 0) return undefined;
  const [statusLine = '', ...headerLines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of headerLines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const status = Number(statusLine.split(' ')[1]);
  const start = headEnd + HEAD_END.length;
  const bodiless = options.method === 'HEAD' || status === 204 || status === 304 || status < 200;

  let framed: Framed;
  if (bodiless) framed = { body: Buffer.alloc(0), end: start };
  else if (headers['transfer-encoding'] === 'chunked') framed = chunkedBody(bytes, start);
  else if (headers['content-length'] !== undefined) {
    const end = start + Number(headers['content-length']);
    framed = bytes.length < end ? undefined : { body: bytes.subarray(start, end), end };
  } else framed = options.closed ? { body: bytes.subarray(start), end: bytes.length } : undefined;

  if (!framed) return undefined;
  return {
    statusLine,
    status,
    headerLines,
    headers,
    body: framed.body,
    bytes: bytes.subarray(0, framed.end),
  };
}

/** A TCP connection to a local port. Reads consume what they return; the rest stays for the next read. */
export class RawConnection {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #closed = false;
  #wake: (() => void) | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const wake = () => this.#wake?.();
    socket.on('data', (data) => {
      this.#received = Buffer.concat([this.#received, data]);
      wake();
    });
    socket.on('close', () => {
      this.#closed = true;
      wake();
    });
    // A reset is how some tests end; the readers see a closed connection.
    socket.on('error', () => {});
    atEnd(() => this.destroy());
  }

  /** Connects to 127.0.0.1. */
  static async open(port: number): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port });
    await within(
      `a connection to port ${port}`,
      new Promise<void>((resolve, reject) => {
        socket.once('connect', resolve);
        socket.once('error', reject);
      }),
    );
    socket.setNoDelay(true);
    return new RawConnection(socket);
  }

  /** True once the peer closed (or reset) the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  /** What arrived and was not read yet. */
  get unread(): Buffer {
    return this.#received;
  }

  /** Sends bytes as they are; a string is taken as latin1. */
  send(bytes: string | Uint8Array): void {
    this.#socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** Sends FIN; the connection can still be read. */
  end(): void {
    this.#socket.end();
  }

  /** Stops reading from the kernel, as a client that does not drain; `resume` goes on. */
  pause(): void {
    this.#socket.pause();
  }

  /** Undoes `pause`. */
  resume(): void {
    this.#socket.resume();
  }

  /** Closes without ceremony. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** Sends RST, as a client that crashed does. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  /** Calls `take` whenever something happened until it returns a value. */
  async #until<T>(what: string, deadlineMs: number, take: () => T | undefined): Promise<T> {
    const done = (async () => {
      for (;;) {
        const value = take();
        if (value !== undefined) return value;
        if (this.#closed) {
          throw new Error(
            `the peer closed before ${what}; it sent ${JSON.stringify(this.#received.toString('latin1'))}`,
          );
        }
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    })();
    return within(what, done, deadlineMs);
  }

  /** Reads exactly `count` bytes. */
  readBytes(count: number, deadlineMs = DEADLINE_MS): Promise<Buffer> {
    return this.#until(`${count} bytes`, deadlineMs, () =>
      this.#received.length < count ? undefined : this.#take(count),
    );
  }

  /** Reads up to and with the first occurrence of `mark` (latin1). */
  readThrough(mark: string, deadlineMs = DEADLINE_MS): Promise<Buffer> {
    return this.#until(`the text ${JSON.stringify(mark)}`, deadlineMs, () => {
      const at = this.#received.indexOf(mark, 0, 'latin1');
      return at < 0 ? undefined : this.#take(at + mark.length);
    });
  }

  /** Reads a response head: the status line, the headers and the empty line. */
  readHead(deadlineMs = DEADLINE_MS): Promise<Buffer> {
    return this.readThrough('\r\n\r\n', deadlineMs);
  }

  /** Reads one whole response. @param method - of the request it answers, for HEAD */
  readResponse(method = 'GET', deadlineMs = DEADLINE_MS): Promise<RawResponse> {
    return this.#until('a whole response', deadlineMs, () => {
      const response = parseResponse(this.#received, { closed: this.#closed, method });
      if (response) this.#take(response.bytes.length);
      return response;
    });
  }

  /** Reads until the peer closes, and returns everything unread. */
  readToEnd(deadlineMs = DEADLINE_MS): Promise<Buffer> {
    return this.#until('the end of the connection', deadlineMs, () =>
      this.#closed ? this.#take(this.#received.length) : undefined,
    );
  }

  #take(count: number): Buffer {
    const bytes = this.#received.subarray(0, count);
    this.#received = this.#received.subarray(count);
    return bytes;
  }
}

/** Sends `bytes` on a connection of its own and returns everything that came until the peer closed. */
export async function rawExchange(port: number, bytes: string | Uint8Array): Promise<Buffer> {
  const connection = await RawConnection.open(port);
  connection.send(bytes);
  const answer = await connection.readToEnd();
  connection.destroy();
  return answer;
}

export interface RequestOptions {
  /** Header lines in the order given; Host and Connection: close are added unless they are there. */
  headers?: Readonly<Record<string, string>>;
  /** Content-Length is added unless the headers have it or Transfer-Encoding. */
  body?: string | Uint8Array;
}

/** The bytes of a request, with no header that is not named here. */
export function formatRequest(method: string, target: string, options: RequestOptions = {}): Buffer {
  const headers: [string, string][] = Object.entries(options.headers ?? {});
  const has = (name: string) => headers.some(([given]) => given.toLowerCase() === name);
  if (!has('host')) headers.unshift(['Host', 'localhost']);
  if (!has('connection')) headers.push(['Connection', 'close']);
  const body = Buffer.from(options.body ?? '');
  if (options.body !== undefined && !has('content-length') && !has('transfer-encoding')) {
    headers.push(['Content-Length', String(body.length)]);
  }
  const head = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), body]);
}

/** One request on a connection of its own. */
export async function request(
  port: number,
  method: string,
  target: string,
  options: RequestOptions = {},
): Promise<RawResponse> {
  const connection = await RawConnection.open(port);
  connection.send(formatRequest(method, target, options));
  const response = await connection.readResponse(method);
  connection.destroy();
  return response;
}
