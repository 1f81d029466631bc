/**
 * Which locations' requests may pass by the gateway. Where nothing about a message or a subscriber is to be decided by
 * njs, nginx hands it off from the user's location itself: at a fourth of the time, and without the memory that njs holds
 * for as long as a subscriber stays. Whatever is out of the ordinary, in the configuration or in the request, goes through
 * the gateway as ever: this is only ever a short cut to the same result.
 */
import type { DirectTransport } from '../../handoff/headers.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import { type DirectValue, directValues } from './direct-info.ts';
import type { Expressions, Values } from './directives/row.ts';
import type { Scope } from './scopes.ts';

/** What takes the short cut. */
export interface Direct {
  /** The full name of the channel, as an nginx expression. */
  readonly channel: string;
  /** Messages over HTTP do. */
  readonly publishes: boolean;
  /** Subscribers with these transports do. */
  readonly transports: readonly DirectTransport[];
  /** What these bring along for whoever asks who subscribes. */
  readonly info: readonly DirectValue[];
}

/**
 * Directives that may stand in a location, or in locations around it, that takes the short cut: those that act the same
 * in front of njs and of `proxy_pass`, and that nginx inherits into an `if`. Anything that this list does not know may
 * change the request after the `if` was decided (Lua), be lost in it (`limit_except`, `try_files`) or stand in its way
 * (`if`, `proxy_…`).
 */
const HARMLESS: ReadonlySet<string> = new Set(
  `location internal
   allow deny satisfy auth_basic auth_basic_user_file auth_delay auth_request auth_request_set
   limit_req limit_req_log_level limit_req_status limit_req_dry_run
   limit_conn limit_conn_log_level limit_conn_status limit_conn_dry_run limit_rate limit_rate_after
   client_max_body_size client_body_buffer_size client_body_timeout client_body_temp_path
   add_header add_trailer expires server_tokens more_set_headers more_clear_headers
   error_page recursive_error_pages access_log error_log log_not_found log_subrequest
   send_timeout keepalive_timeout keepalive_requests keepalive_disable keepalive_time
   lingering_close lingering_time lingering_timeout reset_timedout_connection tcp_nodelay tcp_nopush
   root default_type`.split(/\s+/),
);

/** Directives of the http and server levels that change a request after the `if` was decided. */
const CHANGES_REQUESTS = /_by_lua|^more_(?:set|clear)_input_headers$/;

/** What an expression consists of: a numbered capture, a variable or a character. */
const PART = /\$(?:([1-9])|(\w+)|\{(\w+)\})|[\s\S]/g;

/** Text that needs neither quotes nor percent-encoding. */
const PLAIN = /^[A-Za-z0-9\-._~]*$(?!\n)/;

/**
 * Decides what of a location may take the short cut; undefined when nothing may.
 * @param number the endpoint's
 * @param told what its location tells of subscribers
 */
export function directRequests(
  scope: Scope,
  settings: LocationSettings,
  number: string,
  told: Expressions | undefined,
): Direct | undefined {
  const { values } = scope;
  if (
    scope.context !== 'location' ||
    settings.tokenMode !== 'off' ||
    settings.channelIdSplitDelimiter !== '' ||
    isComputed(values.messageTimeout) ||
    isComputed(values.messageBufferLength) ||
    values.lastMessageId !== undefined ||
    values.allowOrigin !== undefined ||
    values.publisherUpstreamRequest !== undefined ||
    values.authorizeRequest !== undefined ||
    values.channelEventsChannelId !== undefined ||
    // The gateway has to read them; what they are already holds for direct requests too.
    settings.groupLimits
  ) {
    return undefined;
  }
  const toPublish = channelOf(scope, values.publisherChannelId ?? values.channelId);
  const toSubscribe = channelOf(scope, values.subscriberChannelId ?? values.channelId);
  const publishes = settings.publisher.includes('http') && toPublish !== undefined;
  // Of a subscriber that publishes too, njs would have to say what else it publishes to.
  const isApart = settings.publisher.length > 0 && toPublish !== toSubscribe;
  const hasHooks = settings.hookSocket !== '';
  const info = directValues(number, settings, told);
  const isDirect = toSubscribe !== undefined && !isApart && !hasHooks && info !== undefined;
  const transports = isDirect ? directTransports(settings) : [];
  const channel = publishes ? toPublish : toSubscribe;
  return channel !== undefined && (publishes || transports.length > 0)
    ? { channel, publishes, transports, info: (transports.length > 0 && info) || [] }
    : undefined;
}

/** Transports that a request asks for by itself: what comes before the long-poll hides it (spec/http-protocol.md §4). */
function directTransports({ subscriber }: LocationSettings): DirectTransport[] {
  const hidden = subscriber.includes('intervalpoll') || subscriber.includes('http-raw-stream');
  const direct: DirectTransport[] = hidden
    ? ['websocket', 'eventsource']
    : ['websocket', 'eventsource', 'longpoll'];
  return direct.filter((transport) => subscriber.includes(transport));
}

/** The channel's full name where nginx can tell it by itself, and nothing else has a say in it. */
function channelOf(scope: Scope, given: Expressions | undefined): string | undefined {
  const ids = given?.expressions ?? [];
  const group = groupOf(scope.values);
  const id = unquoted(ids[0] ?? '');
  const variables = safeVariables(id, regexOf(scope));
  const isSafe = ids.length === 1 && group !== undefined && variables && isHarmless(scope, variables);
  return isSafe ? `${group}/${id}` : undefined;
}

function isComputed(value: Values['messageTimeout']): boolean {
  return typeof value === 'object';
}

/** An expression without its quotes; one with a backslash is none that is looked for here. */
function unquoted(expression: string): string {
  return expression.replace(/^(["'])([\s\S]*)\1$(?!\n)/, '$2');
}

/** The name of a group that is always the same and is none that has to be refused. */
function groupOf({ channelGroup }: { channelGroup?: Expressions }): string | undefined {
  const group = unquoted(channelGroup?.expressions[0] ?? '');
  return PLAIN.test(group) && group !== 'm' ? group : undefined;
}

/**
 * The names of the variables in an id, if nginx knows at the very start of the location what the id will be, and if it
 * has no bytes but those of the request target. Other variables may get their value later, from `auth_request_set` or a
 * `map` of such a one, or have bytes that are decoded.
 * @returns undefined for an id that is not of this kind
 */
function safeVariables(id: string, regex: string | undefined): readonly string[] | undefined {
  const names: string[] = [];
  for (const [text, digit, bare, braced] of id.matchAll(PART)) {
    const name = digit ?? bare ?? braced;
    if (name === undefined) {
      if (!PLAIN.test(text)) return undefined;
    } else {
      const isSafe = digit !== undefined ? regex !== undefined : isArgument(name) || isCaptured(name, regex);
      if (!isSafe) return undefined;
      names.push(name);
    }
  }
  return names;
}

function isArgument(name: string): boolean {
  return name.startsWith('arg_');
}

/** True for the name of a group of the location's regex: `(?<name>…)`, `(?P<name>…)`, `(?'name'…)`. */
function isCaptured(name: string, regex = ''): boolean {
  return new RegExp(`(?<!\\\\)\\(\\?(?:P?<${name}>|'${name}')`).test(regex);
}

/** The regex that the location itself is chosen by; in one without, captures are those of who knows what. */
function regexOf({ directive }: Scope): string | undefined {
  const text = directive?.args.map((arg) => arg.text).join(' ') ?? '';
  return text.startsWith('~') ? text : undefined;
}

/**
 * True where no directive in force gets in the way.
 * @param variables those of the channel's name, which no directive may change
 */
function isHarmless(scope: Scope, variables: readonly string[]): boolean {
  if (scope.directive?.args[0]?.text.startsWith('@')) return false;
  const changed = new Set(variables.map((name) => `$${name}`));
  for (let level: Scope | undefined = scope; level; level = level.parent) {
    const isLocation = level.context === 'location';
    for (const { name, args } of level.others) {
      if (isLocation ? !HARMLESS.has(name) : CHANGES_REQUESTS.test(name)) return false;
      if (changed.has(args[0]?.text ?? '')) return false;
    }
  }
  return true;
}
