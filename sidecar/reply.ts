/** Complete answers: to a request that Node's HTTP server holds, or as bytes on a connection that was taken over. */
import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { REFUSALS, type Refusal, type RefusalName } from '../handoff/refusals.ts';

import { statistics } from './statistics/statistics.ts';

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface Reply {
  readonly status: number;
  /** In the order in which they are sent; Content-Length is added. */
  readonly headers: HeaderList;
  readonly body?: Buffer | string | undefined;
}

/**
 * The answer for a refusal, which is counted.
 * @param nginx `nginx/1.22.1`, the signature under pages.
 */
export function refusalReply(name: RefusalName, nginx: string, headers: HeaderList): Reply {
  const { status, body, challenge }: Refusal = REFUSALS[name];
  statistics.refused[name] += 1;
  const all: HeaderList = challenge === undefined ? headers : [['WWW-Authenticate', challenge], ...headers];
  if (typeof body === 'string') return { status, headers: [['Content-Type', 'text/plain'], ...all], body };
  if (body.kind === 'none') return { status, headers: all };
  return { status, headers: [['Content-Type', 'text/html'], ...all], body: errorPage(status, nginx) };
}

/** A page as nginx makes it for an error of its own. */
function errorPage(status: number, nginx: string): string {
  const title = `${status} ${STATUS_CODES[status]}`;
  return [
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n`,
    `<center><h1>${title}</h1></center>\r\n<hr><center>${nginx}</center>\r\n</body>\r\n</html>\r\n`,
  ].join('');
}

/** Statuses that have neither a body nor a length (RFC 9110 §8.6). */
const BODILESS: ReadonlySet<number> = new Set([204]);

/** Answers a request that Node's HTTP server holds. */
export function sendReply(response: ServerResponse, reply: Reply): void {
  const { body = '' } = reply;
  const length = Buffer.byteLength(body);
  const headers: string[] = [];
  const sent = BODILESS.has(reply.status) ? reply.headers : withLength(reply, length);
  for (const [name, value] of sent) headers.push(name, value);
  response.sendDate = false; // nginx writes its own
  response.writeHead(reply.status, headers);
  // Node joins the head and a text into one write, in the text's encoding: that must be the head's.
  if (typeof body === 'string' && length === body.length) response.end(body, 'latin1');
  else response.end(body);
}

const CLOSE = ['Connection', 'close'] as const;

/**
 * Answers on a connection that is kept for further requests.
 * @param closes whether it is not kept after all: to be told, or nginx would use it in that moment.
 */
export function writeReply(socket: Socket, reply: Reply, { closes }: { readonly closes: boolean }): void {
  const { body = '' } = reply;
  const length = Buffer.byteLength(body);
  const headers = withLength(reply, length);
  const head = headText(reply.status, closes ? [...headers, CLOSE] : headers);
  if (typeof body === 'string' && length === body.length) socket.write(head + body, 'latin1');
  else socket.write(Buffer.concat([Buffer.from(head, 'latin1'), Buffer.from(body as string)]));
}

/** Answers on a connection that was taken over, and closes it. */
export function sendRawReply(socket: Socket, reply: Reply): void {
  socket.resume(); // or the other side's FIN would never be seen
  const body = bodyBytes(reply);
  socket.end(Buffer.concat([responseHead(reply.status, [...withLength(reply, body.length), CLOSE]), body]));
}

/** Status line and headers. Values come from the gateway's request headers, so they hold no line breaks. */
export function responseHead(status: number, headers: HeaderList): Buffer {
  return Buffer.from(headText(status, headers), 'latin1');
}

function headText(status: number, headers: HeaderList): string {
  let text = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  return `${text}\r\n`;
}

function bodyBytes(reply: Reply): Buffer {
  if (reply.body === undefined) return Buffer.alloc(0);
  return typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body;
}

/** Nchan's order: Content-Type, Content-Length, the rest. */
function withLength(reply: Reply, bytes: number): HeaderList {
  const length = ['Content-Length', String(bytes)] as const;
  const [first, ...rest] = reply.headers;
  return first?.[0] === 'Content-Type' ? [first, length, ...rest] : [length, ...reply.headers];
}
