/**
 * The heads of messages that pass by the gateway, as nginx writes them: always alike, so mostly one is as the one before
 * it but for the channel. What nginx would not write is left to Node's parser.
 */
import type { IncomingHttpHeaders } from 'node:http';
import { DIRECT } from '../../handoff/headers.ts';
import { readPublication } from '../direct-handoff.ts';
import { type Handoff, readHandoff } from '../handoff.ts';

export interface DirectHead {
  /** But for the name of the channel, which may be another request's: the hand-off has it. */
  readonly headers: IncomingHttpHeaders;
  readonly handoff: Handoff;
  readonly bodyBytes: number;
}

const CHANNEL_NAME = DIRECT.channel.header.toLowerCase();
const CHANNEL_START = `\r\n${DIRECT.channel.header}: `;
const TRANSPORT_NAME = DIRECT.transport.header.toLowerCase();
const LINE_END = '\r\n';

/** A header's name (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$(?!\n)/;

/** What no header's value has in it (RFC 9110 §5.5). */
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** A channel's name without control characters and blanks, which mean something else around a value. */
const CHANNEL = /^[\x21-\x7e\x80-\xff]+$(?!\n)/;

export class DirectHeadReader {
  readonly #secret: Buffer | undefined;
  #last: DirectHead | undefined;
  /** What stood before and after the line of the channel. */
  #before = '';
  #after = '';

  /** @param secret see readHandoff */
  constructor(secret: Buffer | undefined) {
    this.#secret = secret;
  }

  /**
   * Reads a head.
   * @param lines without the first one and without the empty one, each with its end; one character a byte.
   * @returns undefined for one that nginx would not have written, or that is of no message.
   * @throws HandoffError
   */
  read(lines: string): DirectHead | undefined {
    const start = lines.indexOf(CHANNEL_START);
    const from = start + CHANNEL_START.length;
    const end = start < 0 ? -1 : lines.indexOf(LINE_END, from);
    if (end < 0) return this.#readAll(lines);
    const last = this.#last;
    if (last && lines.slice(0, start) === this.#before && lines.slice(end) === this.#after) {
      const channel = lines.slice(from, end);
      if (CHANNEL.test(channel)) return { ...last, handoff: readPublication(last.handoff, channel) };
    }
    const head = this.#readAll(lines);
    this.#last = head;
    this.#before = lines.slice(0, start);
    this.#after = lines.slice(end);
    return head;
  }

  #readAll(lines: string): DirectHead | undefined {
    const headers = parseHeaders(lines);
    const bodyBytes = headers && bodyLength(headers);
    if (bodyBytes === undefined || headers?.[CHANNEL_NAME] === undefined) return undefined;
    if (headers[TRANSPORT_NAME] !== undefined) return undefined;
    return { headers, handoff: readHandoff(headers, this.#secret), bodyBytes };
  }
}

/** Headers by lower-case name; undefined when a line is none, or two have one name. */
function parseHeaders(lines: string): IncomingHttpHeaders | undefined {
  const headers: Record<string, string> = {};
  for (const line of lines.slice(0, -LINE_END.length).split(LINE_END)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(colon, 0)).toLowerCase();
    if (!TOKEN.test(name) || CONTROL.test(line) || Object.hasOwn(headers, name)) return undefined;
    headers[name] = withoutBlanks(line, colon + 1);
  }
  return headers;
}

/** The rest of a line without blanks and tabs around it, which are no part of a header's value (RFC 9110 §5.5). */
function withoutBlanks(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isBlank(line.charCodeAt(start))) start++;
  while (end > start && isBlank(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** Bytes that the body has; undefined when that is not said in the way in which nginx says it. */
function bodyLength(headers: IncomingHttpHeaders): number | undefined {
  const length = headers['content-length'] ?? '0';
  if (!/^\d{1,15}$(?!\n)/.test(length) || headers['transfer-encoding'] !== undefined) return undefined;
  return Number(length);
}
