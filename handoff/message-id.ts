/**
 * Message ids in their textual forms (spec/message-ids.md §2). An id is a time in Unix seconds and one tag a channel;
 * ids of a single channel have one tag. The parser is as forgiving as Nchan's, since clients echo what they were given
 * through proxies and libraries that quote or trim it.
 */

/** An id as a client names it. `tags[active]` belongs to the channel that the message came from. */
export interface ParsedMessageId {
  readonly time: number;
  /** One tag a channel; -1 stands for `-`, "nothing seen from that channel in this second". */
  readonly tags: readonly number[];
  readonly active: number;
}

/** Tags are 16 bits wide in Nchan and in its Redis data, so no larger one can be meant. */
export const MAX_TAG = 32767;

/** Larger times are no exact numbers; Nchan refuses what does not fit its own 63 bits. */
const MAX_TIME = 9007199254740991;

/** Parses `TIME:TAGS`; undefined when it is not an id (spec/message-ids.md §2.1). */
export function parseMessageId(text: string): ParsedMessageId | undefined {
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  const digits = text.slice(0, colon);
  const time = Number(digits);
  if (!/^\d+$(?!\n)/.test(digits) || time > MAX_TIME) return undefined;
  return parseTags(time, text.slice(colon + 1));
}

/** Parses the tag list alone, as it stands in an Etag whose time is in Last-Modified. */
export function parseTags(time: number, text: string): ParsedMessageId | undefined {
  const tags: number[] = [];
  let active = -1;
  let opened = false;
  let closed = false;
  let digits = '';
  let negative = false;
  for (let i = 0; i <= text.length; i++) {
    const char = i < text.length ? text.charAt(i) : ',';
    if (char >= '0' && char <= '9') {
      digits += char;
    } else if (char === '-') {
      negative = true;
    } else if (char === '[') {
      if (opened) return undefined;
      opened = true;
      active = tags.length;
    } else if (char === ']') {
      if (!opened || closed) return undefined;
      closed = true;
    } else if (char === ',') {
      tags.push(tagValue(digits, negative));
      digits = '';
      negative = false;
    }
    // Anything else (quotes, W/, blanks) is ignored: see the comment at the top.
  }
  if (active < 0) {
    if (tags.length !== 1) return undefined;
    active = 0;
  }
  return { time, tags, active };
}

function tagValue(digits: string, negative: boolean): number {
  if (negative) return digits === '' ? -1 : -Math.min(Number(digits), MAX_TAG);
  return digits === '' ? 0 : Math.min(Number(digits), MAX_TAG);
}

/** The tag list of an id: `1` for a single channel, else `0,[1],-`. */
export function formatTags(id: ParsedMessageId): string {
  if (id.tags.length === 1) return String(id.tags[0]);
  const items = id.tags.map((tag, i) => {
    const text = tag < 0 ? '-' : String(tag);
    return i === id.active ? `[${text}]` : text;
  });
  return items.join(',');
}

/** `TIME:TAGS`, which parseMessageId reads back to an equal id. */
export function formatMessageId(id: ParsedMessageId): string {
  return `${id.time}:${formatTags(id)}`;
}
