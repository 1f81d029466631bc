/**
 * Hooks: requests that the sidecar makes back through nginx, in the context of the client's own (docs/hooks.md). Two
 * lists of fields travel: with the hand-off what the sidecar needs to repeat the client's request, and with the
 * repeated request what nginx is to ask. Both are texts of `name=value&name=value` with percent-encoded values, since
 * what a variable holds may be any bytes.
 */
import { encodeChannelName } from './channel-name.ts';

/** What the hand-off of a location with hooks has besides: the fields that the sidecar needs to repeat the request. */
export const HOOKS_HEADER = 'Njchan-Hooks';
export const HOOKS_VARIABLE = 'njchan_hooks';

/** What a location asks: at the start and at the end of a subscription, and about each message. */
export const HOOK_KINDS = ['subscribe_request', 'unsubscribe_request', 'publisher_upstream_request'] as const;
export type HookKind = (typeof HOOK_KINDS)[number];

/** What the field of the query that is written into the URI of a HookKind ends in. */
export const QUERY_SUFFIX = '.query';

/** The client's request, with the hand-off: these, the URI of each HookKind that is asked, and variables `$name`. */
export const CONTEXT_FIELDS = ['method', 'target', 'host', 'args', 'address', 'scheme'] as const;
export type ContextField = (typeof CONTEXT_FIELDS)[number];

/** What a repeated request says in the place of a Host that neither the client nor the server's name gives. */
export const NO_HOST = 'localhost';

/** Bytes of the fields that a hand-off may have. What nginx takes a second time is less, as the sidecar finds. */
export const MAX_CONTEXT_BYTES = 256 * 1024;

/**
 * The headers of the repeated request that tell nginx what to ask, and whose request it is: `address:port`. They are
 * named after headers that mean something to the next hop only, so nginx passes them on to no backend.
 */
export const ASK_HEADER = 'Keep-Alive';
/** Bytes of the first that stand in one line; the rest follows in others of that name. nginx limits each line. */
export const ASK_LINE_BYTES = 960;
export const ADDRESS_HEADER = 'TE';

/**
 * What nginx is to ask: the URI, the query that is written into it, the client's if it is not that of the target, the
 * method, `body` `0` where there is none, `answer` `1` where more than its status is wanted; and variables `$name`.
 */
export const ASK_FIELDS = ['uri', 'query', 'args', 'method', 'body', 'answer'] as const;
export type AskField = (typeof ASK_FIELDS)[number];

/** What the answer to the repeated request tells about the answer to the hook. */
export const ANSWER_STATUS_HEADER = 'Njchan-Hook-Status';
export const ANSWER_TYPE_HEADER = 'Njchan-Hook-Type';
/** There for an answer that nginx made because its backend gave none. */
export const ANSWER_FAILED_HEADER = 'Njchan-Hook-Failed';

/** Where repeated requests come in: an internal location, and a variable that is set once they have. */
export const ENTRANCE_LOCATION = '/njchan-hook';
export const ENTRANCE_VARIABLE = 'njchan_entrance';
export const ENTERED_VARIABLE = 'njchan_entered';
/** Constants of the internal location: the addresses of the server's sockets for repeated requests. */
export const DOOR_VARIABLE = 'njchan_door';
export const TLS_DOOR_VARIABLE = 'njchan_tls_door';

/** The constant with the names of the variables that the user's configuration sets, separated by commas. */
export const KEPT_VARIABLES_VARIABLE = 'njchan_kept';

/** Adds a field to a list. `bytes` are those of its value. */
export function addField(list: string, name: string, bytes: ArrayLike<number>): string {
  return `${list}${list === '' ? '' : '&'}${name}=${encodeChannelName(bytes)}`;
}

/** The fields of a list: names and values that are still percent-encoded. What is none is left out. */
export function fieldsOf(list: string): [name: string, encoded: string][] {
  const fields: [string, string][] = [];
  const parts = list.split('&');
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] as string;
    const at = part.indexOf('=');
    if (at > 0) fields.push([part.slice(0, at), part.slice(at + 1)]);
  }
  return fields;
}

/** The bytes that a percent-encoded value stands for. */
export function decodedBytes(encoded: string): number[] {
  const bytes: number[] = [];
  for (let i = 0; i < encoded.length; i++) {
    if (encoded.charAt(i) === '%') {
      bytes.push(Number.parseInt(encoded.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(encoded.charCodeAt(i));
  }
  return bytes;
}
