/** Subscribers on every transport, as a resuming client writes them: they know the last id they got, no more. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openEventSource } from '../support/eventsource.ts';
import type { Inbox } from '../support/inbox.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { DEADLINE_MS } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

/** What a client got: the texts in order, and what it needs to resume. */
export interface Session {
  readonly texts: string[];
  /** Leaves; resolves when no more can arrive. */
  close(): Promise<void>;
}

/** Where a client resumes: the headers or the query with which its transport names an id. */
export type Bookmark = Readonly<Record<string, string>>;

export interface TransportClient {
  readonly name: string;
  /** False where messages carry no id, so that a client can only begin anew. */
  readonly resumes: boolean;
  /** Subscribes from a bookmark. `remember` is called with the bookmark of each message. */
  open(
    port: number,
    channel: string,
    from: Bookmark,
    remember: (bookmark: Bookmark) => void,
  ): Promise<Session>;
}

const lastEventId = (id: string): Bookmark => ({ 'Last-Event-ID': id });

/** Takes items as they come until it is told to stop; then takes what is left. */
function pump<T>(inbox: Inbox<T>, take: (item: T) => void): () => Promise<void> {
  let open = true;
  const drain = async (): Promise<void> => {
    while (inbox.pending.length > 0) take(await inbox.next());
  };
  const pumping = (async () => {
    while (open) {
      await drain();
      await sleep(1);
    }
    await drain();
  })();
  return () => {
    open = false;
    return pumping;
  };
}

const websocket: TransportClient = {
  name: 'websocket',
  resumes: true,
  async open(port, channel, from, remember) {
    const texts: string[] = [];
    const client = await openWebSocket(`http://127.0.0.1:${port}/sub/${channel}`, {
      protocols: ['ws+meta.nchan'],
      headers: { ...from },
    });
    const stop = pump(client.messages, ({ data }) => {
      const [, id, text] = /^id: (\S+)\n\n(.*)$/s.exec(data.toString()) as RegExpExecArray;
      texts.push(text as string);
      remember(lastEventId(id as string));
    });
    return {
      texts,
      close: async () => {
        client.socket.terminate();
        await client.closed;
        await stop();
      },
    };
  },
};

const eventsource: TransportClient = {
  name: 'eventsource',
  resumes: true,
  async open(port, channel, from, remember) {
    const texts: string[] = [];
    const reader = await openEventSource(`http://127.0.0.1:${port}/sub/${channel}`, { ...from });
    const stop = pump(reader.events, ({ id, data }) => {
      texts.push(data as string);
      remember(lastEventId(id as string));
    });
    return {
      texts,
      close: async () => {
        reader.close();
        await stop();
      },
    };
  },
};

/** A stream that is read by the byte; `take` finds the next whole message in the text. */
function byteStream(
  name: string,
  target: string,
  headers: string,
  take: (text: string) => { text: string; bookmark?: Bookmark; length: number } | undefined,
): TransportClient {
  return {
    name,
    resumes: name === 'http-multipart',
    async open(port, channel, from, remember) {
      const texts: string[] = [];
      const connection = await RawConnection.open(port);
      const resume = Object.entries(from).map(([header, value]) => `${header}: ${value}\r\n`);
      connection.send(`GET ${target}/${channel} HTTP/1.1\r\nHost: x\r\n${headers}${resume.join('')}\r\n`);
      await connection.readHead();
      let open = true;
      const drain = async (): Promise<void> => {
        for (
          let found = take(connection.unread.toString());
          found;
          found = take(connection.unread.toString())
        ) {
          await connection.readBytes(found.length);
          texts.push(found.text);
          if (found.bookmark) remember(found.bookmark);
        }
      };
      const reading = (async () => {
        while (open) {
          await drain();
          await sleep(1);
        }
      })();
      return {
        texts,
        close: async () => {
          open = false;
          await reading;
          connection.destroy();
        },
      };
    },
  };
}

const chunked = byteStream('http-chunked', '/sub', 'TE: chunked\r\n', (text) => {
  const match = /^([0-9a-f]+)\r\n/.exec(text);
  if (!match) return undefined;
  const [line, size] = [match[0], Number.parseInt(match[1] as string, 16)];
  if (text.length < line.length + size + 2) return undefined;
  return { text: text.slice(line.length, line.length + size), length: line.length + size + 2 };
});

const rawStream = byteStream('http-raw-stream', '/raw', '', (text) => {
  const end = text.indexOf('\n');
  return end < 0 ? undefined : { text: text.slice(0, end), length: end + 1 };
});

const PART = /^(?:--[^\r]{32})?\r\nLast-Modified: ([^\r]+)\r\nEtag: ([^\r]+)\r\n\r\n([^\r]*)\r\n--[^\r]{32}/;
const multipart = byteStream('http-multipart', '/sub', 'Accept: multipart/mixed\r\n', (text) => {
  const match = PART.exec(text);
  if (!match) return undefined;
  const bookmark = { 'If-Modified-Since': match[1] as string, 'If-None-Match': match[2] as string };
  return { text: match[3] as string, bookmark, length: match[0].length };
});

/** A polling client asks for one message after the other until it is told to stop. */
function polling(name: string, target: string): TransportClient {
  return {
    name,
    resumes: true,
    async open(port, channel, from, remember) {
      const texts: string[] = [];
      let bookmark = from;
      let open = true;
      let waiting: RawConnection | undefined;
      const reading = (async () => {
        while (open) {
          waiting = await RawConnection.open(port);
          const headers = Object.entries(bookmark).map(([header, value]) => `${header}: ${value}\r\n`);
          waiting.send(`GET ${target}/${channel} HTTP/1.1\r\nHost: x\r\n${headers.join('')}\r\n`);
          const response = await waiting.readResponse().catch(() => undefined);
          waiting.destroy();
          if (response?.status === 200) {
            bookmark = {
              'If-Modified-Since': response.headers['last-modified'] as string,
              'If-None-Match': response.headers.etag as string,
            };
            texts.push(response.body.toString());
            remember(bookmark);
          } else await sleep(1);
        }
      })();
      return {
        texts,
        close: async () => {
          open = false;
          waiting?.destroy();
          await reading;
        },
      };
    },
  };
}

/** All seven transports. */
export const CLIENTS: readonly TransportClient[] = [
  websocket,
  eventsource,
  chunked,
  multipart,
  rawStream,
  polling('longpoll', '/longpoll'),
  polling('intervalpoll', '/intervalpoll'),
];

/** Publishes, and waits for the answer. */
export async function publish(port: number, channel: string, text: string, limits: string): Promise<void> {
  const { status } = await request(port, 'POST', `/pub/${channel}?${limits}`, { body: text });
  if (status !== 201 && status !== 202) throw new Error(`publishing answered ${status}`);
}

/** Waits until a session's last text is `last`. Looks often: the properties wait for thousands of messages. */
export async function arrived(session: Session, last: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (session.texts[session.texts.length - 1] !== last) {
    if (Date.now() > deadline) throw new Error(`"${last}" did not arrive; the session has ${session.texts}`);
    await sleep(1);
  }
}
