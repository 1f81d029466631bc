/** What the sidecar needs to repeat a client's request for the hooks of its location (docs/hooks.md). */
import {
  addField,
  HOOK_KINDS,
  type HookKind,
  KEPT_VARIABLES_VARIABLE,
  MAX_CONTEXT_BYTES,
  QUERY_SUFFIX,
} from '../handoff/hooks.ts';
import type { LocationSettings } from '../handoff/settings.ts';
import { givenVariables } from './dynamic-value.ts';

/** What the request is about to do, as far as hooks care. */
export interface Doing {
  readonly subscribes: boolean;
  readonly publishes: boolean;
}

/** nginx's variables for the fields of the context that are its own; the address is made of two. */
const SOURCES: readonly (readonly [field: string, variable: string])[] = [
  ['method', 'request_method'],
  ['target', 'request_uri'],
  ['args', 'args'],
  ['scheme', 'scheme'],
];

/**
 * Collects the context of a request whose hooks will be asked.
 * @param location the location's number
 * @returns the fields; empty when nothing is asked, undefined when they are too large
 */
export function hookContext(
  r: NginxHTTPRequest,
  location: string,
  settings: LocationSettings,
  doing: Doing,
): string | undefined {
  if (settings.hookSocket === '') return '';
  const asked: Record<HookKind, boolean> = {
    subscribe_request: doing.subscribes,
    unsubscribe_request: doing.subscribes,
    publisher_upstream_request: doing.publishes,
  };
  let list = '';
  for (let i = 0; i < HOOK_KINDS.length; i++) {
    const kind = HOOK_KINDS[i] as HookKind;
    const given = asked[kind] ? givenVariables(r, location, kind) : [];
    // An empty URI asks nothing.
    if (given[0] === undefined || !r.variables[given[0]]) continue;
    list = addVariable(r, list, kind, given[0]);
    if (given[1] !== undefined) list = addVariable(r, list, kind + QUERY_SUFFIX, given[1]);
  }
  if (list === '') return '';
  for (let i = 0; i < SOURCES.length; i++) {
    const source = SOURCES[i] as (typeof SOURCES)[number];
    list = addVariable(r, list, source[0], source[1]);
  }
  list = addHost(r, list);
  list = addField(list, 'address', Buffer.from(clientAddress(r)));
  const kept = (r.variables[KEPT_VARIABLES_VARIABLE] || '').split(',');
  for (let i = 0; i < kept.length; i++) {
    const name = kept[i] as string;
    if (name !== '' && r.variables[name]) list = addVariable(r, list, `$${name}`, name);
  }
  return list.length > MAX_CONTEXT_BYTES ? undefined : list;
}

function addVariable(r: NginxHTTPRequest, list: string, field: string, variable: string): string {
  const bytes = r.rawVariables[variable] as Buffer | undefined;
  return bytes ? addField(list, field, bytes) : list;
}

/** A name that a Host may have; server names may be patterns. */
const HOST = /^\w[\w-]*(?:\.\w[\w-]*)*$(?!\n)/;

/** The client's Host. HTTP/1.0 needs none, and HTTP/3 has another: then what nginx takes for it, if it is a host. */
function addHost(r: NginxHTTPRequest, list: string): string {
  if (r.variables.http_host) return addVariable(r, list, 'host', 'http_host');
  return HOST.test(r.variables.host || '') ? addVariable(r, list, 'host', 'host') : list;
}

/** `127.0.0.1:4711` or `[::1]:4711`, as nginx takes it from a header; without a port for a client on a unix socket. */
function clientAddress(r: NginxHTTPRequest): string {
  const address = r.variables.remote_addr || '';
  const port = r.variables.remote_port;
  const host = address.indexOf(':') >= 0 && address !== 'unix:' ? `[${address}]` : address;
  return port ? `${host}:${port}` : host;
}
