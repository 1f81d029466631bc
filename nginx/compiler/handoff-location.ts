/** The named locations that pass a request to the sidecar, and the upstream behind them. */
import { CLIENT_HEADERS, HANDOFF, NGINX_HEADER, SECRET_HEADER } from '../../handoff/headers.ts';
import type { CompileOptions } from './options.ts';
import { quote } from './quote.ts';
import type { Scope } from './scopes.ts';

export const UPSTREAM = 'njchan_sidecar';

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

/** The `upstream` block. */
export function upstreamLines(sidecar: CompileOptions['sidecar']): string[] {
  // A restarting sidecar must be asked again at once, not after fail_timeout.
  const server = 'socket' in sidecar ? quote(`unix:${sidecar.socket}`) : `${sidecar.address} max_fails=0`;
  return [`upstream ${UPSTREAM} {`, `    server ${server};`, `    keepalive ${KEPT_CONNECTIONS};`, '}'];
}

/** A header's value as nginx gives it: `$http_x_eventsource_event`. */
function clientHeader(name: string): string {
  return `$http_${name.toLowerCase().replaceAll('-', '_')}`;
}

/** Directives of outer levels that would get in the way, with what undoes them in a location. */
const UNDO: Readonly<Record<string, readonly string[]>> = {
  // Access was decided in the user's location, whose rules may differ from those around it.
  allow: ['allow all;'],
  deny: ['allow all;'],
  auth_basic: ['auth_basic off;'],
  auth_jwt: ['auth_jwt off;'],
  auth_request: ['auth_request off;'],
  mirror: ['mirror off;'],
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

/**
 * What a named location has to say to hand a request off.
 * @param server the server that the location is for
 */
export function handoffLines(server: Scope, sidecar: CompileOptions['sidecar']): string[] {
  const headers: [string, string][] = [
    ['Host', 'njchan'],
    ...Object.values(HANDOFF).map(({ header, variable }): [string, string] => [header, `$${variable}`]),
    ...CLIENT_HEADERS.map((name): [string, string] => [name, clientHeader(name)]),
    [NGINX_HEADER, 'nginx/$nginx_version'],
  ];
  if ('secret' in sidecar) headers.push([SECRET_HEADER, quote(sidecar.secret)]);
  const outer = new Set(outerDirectives(server).map(({ name }) => name));
  const undoing = Object.keys(UNDO).filter((name) => outer.has(name));
  return [
    `proxy_pass http://${UPSTREAM};`,
    'proxy_http_version 1.1;',
    // Njchan-Action says what the request wants; Node would not even read a method that it has never heard of.
    'proxy_method POST;',
    // The sidecar believes what it is told, so only what is listed here may reach it.
    'proxy_pass_request_headers off;',
    ...headers.map(([name, value]) => `proxy_set_header ${name} ${value};`),
    'proxy_buffering off;',
    'chunked_transfer_encoding off;',
    'proxy_read_timeout 365d;',
    'proxy_send_timeout 60s;',
    // For a kept connection that the sidecar closes at this moment; a POST that was sent is never repeated.
    'proxy_next_upstream error;',
    ...new Set(undoing.flatMap((name) => UNDO[name] as readonly string[])),
  ];
}
