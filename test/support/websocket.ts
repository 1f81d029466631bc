/** A subscriber or publisher over WebSocket. */
import type { IncomingHttpHeaders } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { atEnd } from './cleanup.ts';
import { Inbox } from './inbox.ts';
import { within } from './wait.ts';

export interface WebSocketMessage {
  readonly data: Buffer;
  readonly binary: boolean;
}

/** The server answered the handshake with something else than 101. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;

  constructor(status: number, headers: IncomingHttpHeaders, body: string) {
    super(`the handshake was refused with ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export class WebSocketClient {
  /** The underlying client, for pings, pauses and abrupt ends. */
  readonly socket: WebSocket;
  /** Of the server's 101. */
  headers: IncomingHttpHeaders = {};
  readonly messages = new Inbox<WebSocketMessage>('a WebSocket message');
  /** Resolves when the connection is closed; code 1006 stands for a connection that broke. */
  readonly closed: Promise<{ code: number; reason: string }>;

  constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('upgrade', (response) => {
      this.headers = response.headers;
    });
    socket.on('message', (data, binary) => this.messages.push({ data: data as Buffer, binary }));
    this.closed = new Promise((resolve) => {
      socket.on('close', (code, reason) => {
        this.messages.end(new Error(`the WebSocket was closed with ${code} ${reason}`));
        resolve({ code, reason: reason.toString() });
      });
    });
    // After the handshake an error is always followed by 'close', which carries what the tests look at.
    socket.on('error', () => {});
  }

  /** The next message, whatever its kind. */
  message(): Promise<WebSocketMessage> {
    return this.messages.next();
  }

  /** The next message as text. */
  async text(): Promise<string> {
    return (await this.message()).data.toString('utf8');
  }

  /** Sends a text message (a string) or a binary one. */
  send(data: string | Uint8Array): void {
    this.socket.send(data);
  }

  /** Closes with a closing handshake and waits for its end. */
  close(code?: number, reason?: string): Promise<{ code: number; reason: string }> {
    this.socket.close(code, reason);
    return within('the closing handshake', this.closed);
  }
}

export interface WebSocketOptions extends ClientOptions {
  protocols?: string | string[];
}

/**
 * Opens a WebSocket; permessage-deflate is offered only when asked for. Closed after the test file.
 * @throws HandshakeRefused when the server answers with something else than 101
 */
export async function openWebSocket(url: string, options: WebSocketOptions = {}): Promise<WebSocketClient> {
  const { protocols = [], ...rest } = options;
  const socket = new WebSocket(url.replace(/^http/, 'ws'), protocols, { perMessageDeflate: false, ...rest });
  const client = new WebSocketClient(socket);
  atEnd(() => socket.terminate());
  const opened = new Promise<WebSocketClient>((resolve, reject) => {
    socket.on('open', () => resolve(client));
    socket.on('error', reject);
    socket.on('unexpected-response', (_request, response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const body = Buffer.concat(parts).toString('utf8');
        reject(new HandshakeRefused(response.statusCode as number, response.headers, body));
      });
    });
  });
  return within(`a WebSocket to ${url}`, opened);
}
