/** The figures of a channel as publishers get them, byte for byte as Nchan words them (spec/http-protocol.md §2.2). */
import type { PublisherInfo } from './publish.ts';

export type InfoFormat = 'plain' | 'json' | 'xml' | 'yaml';

interface InfoWriter {
  readonly contentType: string;
  /** `requested`: seconds since subscriber activity, -1 if there never was any. */
  write(messages: number, requested: number, subscribers: number, lastMessageId: string): string;
}

const WRITERS: Record<InfoFormat, InfoWriter> = {
  plain: {
    contentType: 'text/plain',
    write: (messages, requested, subscribers, id) =>
      `queued messages: ${messages}\r\nlast requested: ${requested} sec. ago\r\n` +
      `active subscribers: ${subscribers}\r\nlast message id: ${id}`,
  },
  json: {
    contentType: 'text/json',
    write: (messages, requested, subscribers, id) =>
      `{"messages": ${messages}, "requested": ${requested}, "subscribers": ${subscribers}, "last_message_id": "${id}" }`,
  },
  xml: {
    contentType: 'text/xml',
    write: (messages, requested, subscribers, id) =>
      `<?xml version="1.0" encoding="UTF-8" ?>\r\n<channel>\r\n  <messages>${messages}</messages>\r\n` +
      `  <requested>${requested}</requested>\r\n  <subscribers>${subscribers}</subscribers>\r\n` +
      `  <last_message_id>${id}</last_message_id>\r\n</channel>`,
  },
  yaml: {
    contentType: 'text/yaml',
    write: (messages, requested, subscribers, id) =>
      `---\r\nmessages: ${messages}\r\nrequested: ${requested}\r\nsubscribers: ${subscribers}\r\n` +
      `last_message_id: "${id}"\r\n\r\n`,
  },
};

/** What may follow `text/` or `application/` in Accept, compared by prefix in this order. */
const SUBTYPES: readonly (readonly [prefix: string, format: InfoFormat])[] = [
  ['plain', 'plain'],
  ['json', 'json'],
  ['x-json', 'json'],
  ['yaml', 'yaml'],
  ['x-yaml', 'yaml'],
  ['xml', 'xml'],
];

/** Chooses the format by Nchan's own reading of Accept (spec/http-protocol.md §2.3): no weights, first hit wins. */
export function negotiateFormat(accept: string | undefined): InfoFormat {
  for (const element of (accept ?? '').split(',')) {
    const type = ['text/', 'application/'].find((prefix) => element.includes(prefix));
    if (!type) continue;
    const rest = element.slice(element.indexOf(type) + type.length);
    const hit = SUBTYPES.find(([prefix]) => rest.startsWith(prefix));
    if (hit) return hit[1];
  }
  return 'plain';
}

/** The Content-Type of a format. */
export function contentTypeOf(format: InfoFormat): string {
  return WRITERS[format].contentType;
}

/** Words a channel's figures as of `nowMs` (Unix milliseconds). */
export function formatChannelInfo(
  info: PublisherInfo,
  format: InfoFormat,
  nowMs: number,
): { contentType: string; body: string } {
  const seen = info.lastSeenSubscriber;
  const requested = seen === undefined ? -1 : Math.max(Math.floor(nowMs / 1000) - seen, 0);
  const { contentType, write } = WRITERS[format];
  return {
    contentType,
    body: write(info.messages, requested, info.subscribers, info.lastMessageId),
  };
}
