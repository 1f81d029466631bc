/** What passes a request to the sidecar: named locations, publishers themselves, and the upstream behind both. */
import {
  CLIENT_HEADERS,
  DIRECT,
  HANDOFF,
  NGINX_HEADER,
  REQUEST_ID_HEADER,
  SECRET_HEADER,
} from '../../handoff/headers.ts';
import { HOOKS_HEADER, HOOKS_VARIABLE } from '../../handoff/hooks.ts';
import { REPORT_HEADER } from '../../handoff/nchan-variables.ts';
import { EVENTS_HEADER, INFO_HEADER } from '../../handoff/strings.ts';
import type { CompileOptions } from './options.ts';
import { quote } from './quote.ts';
import type { Scope } from './scopes.ts';

const UPSTREAM = 'njchan_sidecar';

/**
 * The same sidecar, for messages that pass by the gateway: on connections of their own, which nginx keeps apart from
 * the others, the sidecar can do without most of Node's HTTP.
 */
const MESSAGE_UPSTREAM = 'njchan_messages';

/** The same for health checks: without the room where requests wait for a sidecar. */
const HEALTH_UPSTREAM = 'njchan_health';

/** Where a health check is answered that no sidecar answers. */
const UNHEALTHY_LOCATION = '@njchan_unhealthy';
const UNHEALTHY = '{"checks":[{"check":"sidecar","ok":false}]}\\n';

/** Seconds that a sidecar may take to answer a health check. */
const HEALTH_SECONDS = 5;

/** Connections to the sidecar that a worker keeps for the next request. */
const KEPT_CONNECTIONS = 64;

/** Characters of an address and of a secret that need no quoting anywhere and mean nothing to nginx. */
const SAFE_ADDRESS = /^[A-Za-z0-9.:[\]_-]+:\d+$/;
const SAFE_SECRET = /^[A-Za-z0-9._~+/=:-]+$/;

/** What is wrong with the sidecar's address, if anything. */
export function sidecarFault(sidecar: CompileOptions['sidecar']): string | undefined {
  if ('socket' in sidecar) return undefined;
  if (!SAFE_ADDRESS.test(sidecar.address))
    return `the sidecar's address must be host:port, not "${sidecar.address}"`;
  if (!SAFE_SECRET.test(sidecar.secret)) {
    return "the sidecar's secret may have only letters, digits and . _ ~ + / = : -, and may not be empty";
  }
  return undefined;
}

/**
 * The `upstream` blocks.
 * @param uses whether messages of some location pass by the gateway, and whether there are health checks
 */
export function upstreamLines(
  { sidecar, supervised }: Pick<CompileOptions, 'sidecar' | 'supervised'>,
  uses: { readonly messages: boolean; readonly health: boolean },
): string[] {
  // A restarting sidecar must be asked again at once, not after fail_timeout.
  const address = 'socket' in sidecar ? quote(`unix:${sidecar.socket}`) : sidecar.address;
  const waiting = supervised?.waitingSocket;
  const block = (name: string, others: readonly string[]): string[] => [
    `upstream ${name} {`,
    `    server ${address} max_fails=0;`,
    ...others,
    '}',
  ];
  const names = uses.messages ? [UPSTREAM, MESSAGE_UPSTREAM] : [UPSTREAM];
  return [
    ...names.flatMap((name) =>
      block(name, [
        ...(waiting === undefined ? [] : [`    server ${quote(`unix:${waiting}`)} backup max_fails=0;`]),
        `    keepalive ${KEPT_CONNECTIONS};`,
      ]),
    ),
    ...(uses.health ? block(HEALTH_UPSTREAM, []) : []),
  ];
}

/** A header's value as nginx gives it: `$http_x_eventsource_event`. */
export function clientHeader(name: string): string {
  return `$http_${name.toLowerCase().replaceAll('-', '_')}`;
}

type Undo = Readonly<Record<string, readonly string[]>>;

/**
 * Directives of outer levels about what has been done already in the user's location, whose rules may differ, with
 * what undoes them in a named one.
 */
const UNDO_ACCESS: Undo = {
  allow: ['allow all;'],
  deny: ['allow all;'],
  auth_basic: ['auth_basic off;'],
  auth_jwt: ['auth_jwt off;'],
  auth_request: ['auth_request off;'],
  mirror: ['mirror off;'],
};

/** Directives of outer levels that would get in the way of any hand-off, with what undoes them in a location. */
const UNDO: Undo = {
  // Compressing drops the Etag, by which clients resume, and holds back what is to be delivered at once.
  brotli: ['brotli off;'],
  gzip: ['gzip off;'],
  zstd: ['zstd off;'],
  // The hand-off is njchan's own affair, not that of the user's backends.
  proxy_bind: ['proxy_bind off;'],
  proxy_cache: ['proxy_cache off;'],
  proxy_cookie_domain: ['proxy_cookie_domain off;'],
  proxy_cookie_flags: ['proxy_cookie_flags off;'],
  proxy_cookie_path: ['proxy_cookie_path off;'],
  proxy_force_ranges: ['proxy_force_ranges off;'],
  proxy_ignore_client_abort: ['proxy_ignore_client_abort off;'],
  proxy_intercept_errors: ['proxy_intercept_errors off;'],
  proxy_limit_rate: ['proxy_limit_rate 0;'],
  proxy_next_upstream_timeout: ['proxy_next_upstream_timeout 0;'],
  proxy_next_upstream_tries: ['proxy_next_upstream_tries 0;'],
  proxy_pass_request_body: ['proxy_pass_request_body on;'],
  proxy_redirect: ['proxy_redirect off;'],
  proxy_request_buffering: ['proxy_request_buffering on;'],
  proxy_store: ['proxy_store off;'],
  // These lists can only be replaced, so by headers that nginx hides and passes anyway.
  proxy_hide_header: ['proxy_hide_header X-Accel-Charset;'],
  proxy_pass_header: ['proxy_pass_header Cache-Control;'],
};

/** What limits requests, and was asked already; that it was asked keeps it from being asked by the hook's location. */
const UNDO_LIMITS: Undo = {
  limit_req: ['limit_req zone=njchan_hooks burst=1000000 nodelay;'],
  limit_conn: ['limit_conn njchan_hook_connections 65535;'],
};

/** The zones for these, on the http level. */
const LIMIT_ZONES: Undo = {
  limit_req: ['limit_req_zone njchan zone=njchan_hooks:32k rate=1000000r/s;'],
  limit_conn: ['limit_conn_zone njchan zone=njchan_hook_connections:32k;'],
};

/** What a location for requests that were admitted elsewhere has to say. */
export function entranceUndoLines(server: Scope): string[] {
  const outer = outerDirectives(server);
  return undoLines({ ...UNDO_ACCESS, ...UNDO_LIMITS, gzip: ['gzip off;'] }, outer);
}

/** The zones that entranceUndoLines of these servers need. */
export function limitZoneLines(servers: readonly Scope[]): string[] {
  return [...new Set(servers.flatMap((server) => undoLines(LIMIT_ZONES, outerDirectives(server))))];
}

/** Directives of outer levels that cannot be undone in a location. */
const NOT_UNDONE = new Set(['proxy_set_body']);

/** Directives of the http and server levels, which every location of the server inherits. */
function outerDirectives(server: Scope): Scope['others'] {
  return [...(server.parent?.others ?? []), ...server.others];
}

/** Directives around the endpoints of a server that would spoil the hand-off. */
export function spoilingDirectives(server: Scope): Scope['others'] {
  return outerDirectives(server).filter(({ name }) => NOT_UNDONE.has(name));
}

const REPEATABLE_HEADERS: readonly Header[] = [
  [HOOKS_HEADER, `$${HOOKS_VARIABLE}`],
  // What a client calls so must not get through.
  ...[
    ...Object.values(DIRECT).map(({ header }) => header),
    SECRET_HEADER,
    REPORT_HEADER,
    EVENTS_HEADER,
    INFO_HEADER,
  ].map((name): Header => [name, '""']),
];

/**
 * What a named location has to say to hand a request off.
 * @param server the server that the named location is for
 * @param repeatable the client's request will be repeated for hooks, so all of its headers are passed on
 */
export function handoffLines(
  server: Scope,
  sidecar: CompileOptions['sidecar'],
  repeatable = false,
): string[] {
  const headers: readonly Header[] = [
    ...Object.values(HANDOFF).map(({ header, variable }): Header => [header, `$${variable}`]),
    [REQUEST_ID_HEADER, '$request_id'],
    ...passedOn(CLIENT_HEADERS),
    ...(repeatable ? REPEATABLE_HEADERS : []),
  ];
  return [
    passLine(UPSTREAM),
    ...proxyLines(headers, sidecar).map((line) =>
      repeatable && line === NO_HEADERS_LINE ? HEADERS_LINE : line,
    ),
    ...undoLines({ ...UNDO_ACCESS, ...UNDO }, outerDirectives(server)),
  ];
}

/** The same for a health check, whose answer must not wait for a sidecar that does not answer. */
export function healthLines(server: Scope, sidecar: CompileOptions['sidecar']): string[] {
  const [, ...lines] = handoffLines(server, sidecar);
  return [
    passLine(HEALTH_UPSTREAM),
    ...lines.map((line) =>
      line.startsWith('proxy_read_timeout') ? `proxy_read_timeout ${HEALTH_SECONDS}s;` : line,
    ),
    `proxy_connect_timeout ${HEALTH_SECONDS}s;`,
    `error_page 502 504 =503 ${UNHEALTHY_LOCATION};`,
  ];
}

/** The location for health checks that no sidecar answers: its name and what it says. */
export const UNHEALTHY_BLOCK: readonly [head: string, lines: readonly string[]] = [
  `location ${UNHEALTHY_LOCATION}`,
  [
    'default_type application/json;',
    'add_header Cache-Control no-store always;',
    `return 503 '${UNHEALTHY}';`,
  ],
];

/**
 * What a user's location has to say to hand requests off by itself, but for the conditions with the `proxy_pass`.
 * @param server the server that the location is in
 */
export function directHandoffLines(
  server: Scope,
  headers: readonly Header[],
  sidecar: CompileOptions['sidecar'],
): string[] {
  return [...proxyLines(headers, sidecar), ...undoLines(UNDO, outerDirectives(server))];
}

/**
 * Passes a request on, without the client's own target: that is nothing that the sidecar looks at, and may have bytes
 * that nginx takes and Node's parser does not. With a variable in it, `proxy_pass` gives the target whole; the action is
 * empty without the gateway.
 */
function passLine(upstream: string): string {
  return `proxy_pass http://${upstream}/$${HANDOFF.action.variable};`;
}

/** Passes a message, or a subscriber, on from a user's location. */
export const MESSAGE_PASS_LINE = passLine(MESSAGE_UPSTREAM);
export const DIRECT_PASS_LINE = passLine(UPSTREAM);

export type Header = readonly [name: string, value: string];

/** The client's headers, as they are. */
export function passedOn(names: readonly string[]): Header[] {
  return names.map((name) => [name, clientHeader(name)]);
}

const NO_HEADERS_LINE = 'proxy_pass_request_headers off;';
const HEADERS_LINE = 'proxy_pass_request_headers on;';

function proxyLines(headers: readonly Header[], sidecar: CompileOptions['sidecar']): string[] {
  const all: Header[] = [['Host', 'njchan'], ...headers, [NGINX_HEADER, 'nginx/$nginx_version']];
  if ('secret' in sidecar) all.push([SECRET_HEADER, quote(sidecar.secret)]);
  return [
    'proxy_http_version 1.1;',
    // The hand-off says what the request wants; Node would not even read a method that it has never heard of.
    'proxy_method POST;',
    // The sidecar believes what it is told, so only what is listed here may reach it.
    NO_HEADERS_LINE,
    ...all.map(([name, value]) => `proxy_set_header ${name} ${value};`),
    'proxy_buffering off;',
    'chunked_transfer_encoding off;',
    'proxy_read_timeout 365d;',
    'proxy_send_timeout 60s;',
    // For a kept connection that the sidecar closes at this moment; a POST that was sent is never repeated.
    'proxy_next_upstream error;',
  ];
}

function undoLines(undo: Undo, outer: Scope['others']): string[] {
  const names = new Set(outer.map(({ name }) => name));
  const undoing = Object.keys(undo).filter((name) => names.has(name));
  return [...new Set(undoing.flatMap((name) => undo[name] as readonly string[]))];
}
