/** The client's request as a hook needs it, to repeat it through nginx. */
import { isEncodedChannelName } from '../../handoff/channel-name.ts';
import {
  type ContextField,
  decodedBytes,
  fieldsOf,
  HOOK_KINDS,
  type HookKind,
  NO_HOST,
  QUERY_SUFFIX,
} from '../../handoff/hooks.ts';
import type { LocationSettings } from '../../handoff/settings.ts';

export interface HookContext {
  /** The unix socket on which nginx takes it again. */
  readonly socket: string;
  readonly tls: boolean;
  /** Names the location and what it asks: hooks of one kind and location share what they may use at a time. */
  readonly location: string;
  readonly uris: Readonly<Partial<Record<HookKind, string>>>;
  /** The queries that are written into them. */
  readonly queries: Readonly<Partial<Record<HookKind, string>>>;
  readonly method: string;
  /** As the client sent it. */
  readonly target: string;
  /** The query that the request had when it was handed off. */
  readonly args: string;
  /** `address:port` of the client. */
  readonly address: string;
  /** Names and values in turn, as the client sent them, but for those about its connection. */
  readonly headers: readonly string[];
  /** The user's variables: names, and values still percent-encoded. */
  readonly variables: readonly (readonly [name: string, encoded: string])[];
}

/**
 * Headers about the client's connection, or about a body that is not there any more (RFC 9110 §7.6.1); and ours, which
 * nobody else is to be asked with.
 */
const NOT_REPEATED = new Set(
  `connection keep-alive proxy-connection te trailer transfer-encoding upgrade expect content-length host`.split(
    ' ',
  ),
);
const OWN_PREFIX = 'njchan-';

/**
 * Takes the context apart that came with a hand-off.
 * @param list what the gateway wrote
 * @param rawHeaders of the hand-off: names and values in turn, the client's among them
 * @returns undefined when nothing is to be asked
 * @throws Error for what no gateway writes
 */
export function readHookContext(
  list: string,
  settings: LocationSettings,
  rawHeaders: readonly string[],
): HookContext | undefined {
  if (list === '') return undefined;
  const own: Partial<Record<ContextField, string>> = {};
  const uris: Partial<Record<HookKind, string>> = {};
  const queries: Partial<Record<HookKind, string>> = {};
  const variables: [string, string][] = [];
  for (const [name, encoded] of fieldsOf(list)) {
    if (!isEncodedChannelName(encoded)) throw new Error('a field is not encoded');
    if (name.startsWith('$')) variables.push([name, encoded]);
    else if (isKind(name)) uris[name] = decoded(encoded);
    else if (name.endsWith(QUERY_SUFFIX))
      queries[name.slice(0, -QUERY_SUFFIX.length) as HookKind] = decoded(encoded);
    else own[name as ContextField] = decoded(encoded);
  }
  const { method = 'GET', target = '/', host, args = '', address = '', scheme } = own;
  const tls = scheme === 'https' && settings.hookTlsSocket !== '';
  return {
    socket: tls ? settings.hookTlsSocket : settings.hookSocket,
    tls,
    location: settings.location,
    uris,
    queries,
    method,
    target,
    args,
    address,
    headers: repeated(rawHeaders, host, settings.hookAddressHeader, address),
    variables,
  };
}

function isKind(name: string): name is HookKind {
  return (HOOK_KINDS as readonly string[]).includes(name);
}

/** Bytes as the characters that Node's HTTP writes for them. */
function decoded(encoded: string): string {
  return encoded.includes('%') ? Buffer.from(decodedBytes(encoded)).toString('latin1') : encoded;
}

/** @param addressHeader a list of addresses the last of which nginx will take for the client's */
function repeated(
  rawHeaders: readonly string[],
  host: string | undefined,
  addressHeader: string,
  address: string,
): string[] {
  const headers = ['Host', host ?? NO_HOST];
  const wanted = addressHeader.toLowerCase();
  let addresses: string | undefined;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const value = rawHeaders[i + 1] as string;
    const lower = name.toLowerCase();
    if (NOT_REPEATED.has(lower) || lower.startsWith(OWN_PREFIX)) continue;
    if (lower === wanted) addresses = addresses === undefined ? value : `${addresses}, ${value}`;
    else headers.push(name, value);
  }
  if (wanted !== '')
    headers.push(addressHeader, addresses === undefined ? address : `${addresses}, ${address}`);
  return headers;
}
