/**
 * Publishing that passes by the gateway. Where nothing about a message is to be decided by njs, nginx hands it off from
 * the user's location itself, at a fourth of the price. Whatever is out of the ordinary, in the configuration or in the
 * request, goes through the gateway as ever: this is only ever a short cut to the same result.
 */
import { CLIENT_HEADERS, DIRECT_VARIABLE, PUBLISH_VARIABLE } from '../../handoff/headers.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import type { Expressions, Values } from './directives/row.ts';
import { clientHeader, PUBLISH_PASS_LINE } from './handoff-location.ts';
import type { Scope } from './scopes.ts';

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
 * Decides whether a location's messages may take the short cut.
 * @returns the full name of the channel, as an nginx expression; undefined when they may not
 */
export function directChannel(scope: Scope, settings: LocationSettings): string | undefined {
  const { values } = scope;
  const ids = (values.publisherChannelId ?? values.channelId)?.expressions ?? [];
  const group = groupOf(values);
  const id = unquoted(ids[0] ?? '');
  const variables = safeVariables(id, regexOf(scope));
  if (
    scope.context !== 'location' ||
    !settings.publisher.includes('http') ||
    settings.tokenMode !== 'off' ||
    settings.channelIdSplitDelimiter !== '' ||
    isComputed(values.messageTimeout) ||
    isComputed(values.messageBufferLength) ||
    values.lastMessageId !== undefined ||
    values.allowOrigin !== undefined ||
    values.publisherUpstreamRequest !== undefined ||
    values.authorizeRequest !== undefined ||
    ids.length !== 1 ||
    group === undefined ||
    variables === undefined ||
    !isHarmless(scope, variables)
  ) {
    return undefined;
  }
  return `${group}/${id}`;
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

/** What the location sets first, before a regex of the user changes what the captures are. */
export function directSetLine(channel: string): string {
  return `set $${PUBLISH_VARIABLE} ${channel};`;
}

/**
 * The condition. It holds for requests whose target has nothing in it that nginx decoded or rewrote, so that the
 * channel's name cannot hold a line break; and so not for requests that were redirected to the location, or subrequests
 * to it, to which `$request_method` would not belong. Comparing variables, other than a regex, leaves captures as they
 * are for the gateway and the directives of the user.
 */
export const DIRECT_LINES: readonly string[] = [
  `if ($${DIRECT_VARIABLE} = $uri$is_args$args) {`,
  `    ${PUBLISH_PASS_LINE}`,
  '}',
];

const CLEAN_VARIABLE = `${DIRECT_VARIABLE}_unless_control`;

/** Where a message id may be, which the gateway has to read. */
const ID_SOURCES =
  '$http_if_none_match$http_if_modified_since$http_etag$http_last_event_id$arg_last_event_id';

/**
 * What the http level says about which requests may take the short cut: POST and PUT without a message id and without
 * control characters in headers.
 */
export const DIRECT_MAPS: readonly string[] = [
  `map ${CLIENT_HEADERS.map(clientHeader).join('')} $${CLEAN_VARIABLE} {`,
  '    default $request_uri;',
  '    "~[\\x00-\\x08\\x0a-\\x1f\\x7f]" "";',
  '}',
  `map $request_method:${ID_SOURCES} $${DIRECT_VARIABLE} {`,
  '    default "";',
  `    POST: $${CLEAN_VARIABLE};`,
  `    PUT: $${CLEAN_VARIABLE};`,
  '}',
];
