/** A subscriber over EventSource, line by line and event by event. */
import { type ClientRequest, get, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { atEnd } from './cleanup.ts';
import { Inbox } from './inbox.ts';
import { within } from './wait.ts';

/** One event as the WHATWG's algorithm dispatches it, but with an event that has no data kept. */
export interface ServerSentEvent {
  readonly id: string | undefined;
  readonly event: string | undefined;
  readonly data: string | undefined;
}

export class EventSourceReader {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Every line without its line end, comments and empty lines included. */
  readonly lines = new Inbox<string>('a line');
  readonly events = new Inbox<ServerSentEvent>('an event');
  /** Resolves when the server ended the response. */
  readonly ended: Promise<void>;
  readonly #request: ClientRequest;
  #partial = '';
  #fields = new Map<string, string>();

  constructor(request: ClientRequest, response: IncomingMessage) {
    this.#request = request;
    this.status = response.statusCode as number;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (text: string) => this.#read(text));
    response.on('error', () => {});
    this.ended = new Promise((resolve) => {
      response.on('close', () => {
        const end = new Error('the server ended the event stream');
        this.lines.end(end);
        this.events.end(end);
        resolve();
      });
    });
  }

  /** The next line. */
  line(): Promise<string> {
    return this.lines.next();
  }

  /** The next event, comments and other lines skipped. */
  event(): Promise<ServerSentEvent> {
    return this.events.next();
  }

  /** Closes the connection. */
  close(): void {
    this.#request.destroy();
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() as string;
    for (const line of lines) {
      this.lines.push(line);
      this.#interpret(line);
    }
  }

  #interpret(line: string): void {
    if (line === '') {
      if (this.#fields.size > 0) {
        const { id, event, data } = Object.fromEntries(this.#fields) as Partial<Record<string, string>>;
        this.events.push({ id, event, data });
      }
      this.#fields = new Map();
      return;
    }
    const colon = line.indexOf(':');
    if (colon === 0) return; // a comment
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    const before = name === 'data' ? this.#fields.get('data') : undefined;
    this.#fields.set(name, before === undefined ? value : `${before}\n${value}`);
  }
}

/**
 * Subscribes with `Accept: text/event-stream`; resolves with the response's head. Closed after the test file.
 * @param headers - further request headers, for example Last-Event-ID
 */
export async function openEventSource(
  url: string,
  headers: Record<string, string> = {},
): Promise<EventSourceReader> {
  const reader = new Promise<EventSourceReader>((resolve, reject) => {
    const request = get(url, { agent: false, headers: { Accept: 'text/event-stream', ...headers } });
    atEnd(() => {
      request.destroy();
    });
    request.on('response', (response) => resolve(new EventSourceReader(request, response)));
    request.on('error', reject);
  });
  return within(`a response from ${url}`, reader);
}
