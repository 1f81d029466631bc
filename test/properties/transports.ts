/** How a subscriber of each transport asks, and how it takes the messages off its connection, byte by byte. */
import type { RawConnection } from '../support/raw-http.ts';
import { FIN, frameData, HANDSHAKE_LINES, OPCODE, readFrame } from '../support/raw-websocket.ts';

/** The headers with which a client names the last id that it got. */
export type Bookmark = Readonly<Record<string, string>>;

export interface Received {
  readonly body: string;
  /** Where a client that has this message resumes; none where the transport does not tell. */
  readonly bookmark?: Bookmark;
}

export interface Transport {
  readonly name: string;
  /** Location, without the channels. */
  readonly location: string;
  /** Header lines that choose the transport. */
  readonly headers: readonly string[];
  /** A request brings one message at most; otherwise it brings one after the other. */
  readonly polls: boolean;
  /** Messages carry an id, with which a client can resume; without one it begins anew. */
  readonly resumes: boolean;
  /** Reads what comes before the first message. */
  begin(connection: RawConnection): Promise<unknown>;
  /** Reads the next message, undefined if the answer has none. */
  read(connection: RawConnection): Promise<Received | undefined>;
}

const lastEventId = (id: string): Bookmark => ({ 'Last-Event-ID': id });
const validators = (lastModified: string, etag: string): Bookmark => ({
  'If-Modified-Since': lastModified,
  'If-None-Match': etag,
});

/** @throws Error when the text is not as the transport writes it. */
function parts(pattern: RegExp, text: string): string[] {
  const match = pattern.exec(text);
  if (!match) throw new Error(`not a message: ${JSON.stringify(text)}`);
  return match.slice(1);
}

const through = async (connection: RawConnection, mark: string): Promise<string> =>
  (await connection.readThrough(mark)).toString('latin1');

/** Reads the head of a stream. @throws Error when it is a refusal */
async function streamHead(connection: RawConnection): Promise<string> {
  const head = (await connection.readHead()).toString('latin1');
  if (!/^HTTP\/1.1 (101|200) /.test(head)) throw new Error(`not a stream: ${head}`);
  return head;
}

const STREAM = { polls: false, resumes: true, location: '/sub', begin: streamHead };

const websocket: Transport = {
  ...STREAM,
  name: 'websocket',
  headers: [...HANDSHAKE_LINES, 'Sec-WebSocket-Protocol: ws+meta.nchan'],
  async read(connection) {
    const frame = await readFrame(connection);
    const data = frameData(frame).toString('latin1');
    if (frame.first !== (FIN | OPCODE.text)) throw new Error(`not a message: ${frame.first} ${data}`);
    const [id, body] = parts(/^id: (\S+)\n\n(.*)$/, data) as [string, string];
    return { body, bookmark: lastEventId(id) };
  },
};

const eventsource: Transport = {
  ...STREAM,
  name: 'eventsource',
  headers: ['Accept: text/event-stream'],
  async begin(connection) {
    await streamHead(connection);
    return connection.readThrough(': hi\n\n');
  },
  async read(connection) {
    const event = await through(connection, '\n\n');
    const [id, body] = parts(/^id: (\S+)\ndata: (.*)\n\n$/, event) as [string, string];
    return { body, bookmark: lastEventId(id) };
  },
};

const chunked: Transport = {
  ...STREAM,
  name: 'http-chunked',
  headers: ['TE: chunked'],
  resumes: false,
  async read(connection) {
    const [size] = parts(/^([0-9a-f]+)\r\n$/, await through(connection, '\r\n')) as [string];
    const chunk = await connection.readBytes(Number.parseInt(size, 16) + 2);
    return { body: chunk.toString('latin1', 0, chunk.length - 2) };
  },
};

const BOUNDARY_LENGTH = 32;

const multipart: Transport = {
  ...STREAM,
  name: 'http-multipart',
  headers: ['Accept: multipart/mixed'],
  async begin(connection) {
    await streamHead(connection);
    return connection.readBytes('--'.length + BOUNDARY_LENGTH);
  },
  async read(connection) {
    const head = await through(connection, '\r\n\r\n');
    const [modified, tag] = parts(/^\r\nLast-Modified: (.*)\r\nEtag: (.*)\r\n\r\n$/, head) as [
      string,
      string,
    ];
    const body = await through(connection, '\r\n--');
    await connection.readBytes(BOUNDARY_LENGTH);
    return { body: body.slice(0, -4), bookmark: validators(modified, tag) };
  },
};

const rawStream: Transport = {
  ...STREAM,
  name: 'http-raw-stream',
  location: '/raw',
  headers: [],
  resumes: false,
  read: async (connection) => ({ body: (await through(connection, '\n')).slice(0, -1) }),
};

function poll(name: string): Transport {
  return {
    name,
    location: `/${name}`,
    headers: [],
    polls: true,
    resumes: true,
    begin: () => Promise.resolve(),
    async read(connection) {
      const { status, statusLine, headers, body } = await connection.readResponse();
      if (status === 304) return undefined;
      if (status !== 200) throw new Error(`a poll was answered ${statusLine}`);
      const bookmark = validators(headers['last-modified'] as string, headers.etag as string);
      return { body: body.toString('latin1'), bookmark };
    },
  };
}

export const TRANSPORTS: readonly Transport[] = [
  websocket,
  eventsource,
  chunked,
  multipart,
  rawStream,
  poll('longpoll'),
  poll('intervalpoll'),
];
