/**
 * Where requests come back in for hooks. A server whose locations have any gets a `listen` of its own, on a unix socket
 * in a directory that only nginx's master and the sidecar may enter. What comes in there is sent to an internal location
 * before any directive of the user's can get hold of it: it was admitted once already.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import {
  ADDRESS_HEADER,
  DOOR_VARIABLE,
  ENTERED_VARIABLE,
  ENTRANCE_LOCATION,
  ENTRANCE_VARIABLE,
  TLS_DOOR_VARIABLE,
} from '../../handoff/hooks.ts';
import type { HeadLimits } from '../../handoff/settings.ts';
import type { Values } from './directives/row.ts';
import type { ProblemList } from './errors.ts';
import { entranceUndoLines } from './handoff-location.ts';
import { headLimits } from './head-limits.ts';
import type { Directive } from './parser.ts';
import { quote } from './quote.ts';
import type { Scope } from './scopes.ts';

/** The entrance of one server. */
export interface HookEntrance {
  readonly socket: string;
  /** For requests that came over TLS, so that `$scheme` stays what it was. */
  readonly tlsSocket?: string;
  /** The header that the server's own directives take the client's address from on any unix socket. */
  readonly addressHeader?: string;
  /** The user's limits for the heads of requests: those of the only server on our socket. */
  readonly headLimits: HeadLimits;
  /** Variables that the user's directives set, which a repeated request does not set again. */
  readonly variables: readonly string[];
}

/** True for an endpoint that asks something. */
export function hasHooks({
  subscribeRequest,
  unsubscribeRequest,
  publisherUpstreamRequest,
}: Values): boolean {
  return Boolean(subscribeRequest ?? unsubscribeRequest ?? publisherUpstreamRequest);
}

/** Characters of a digest that tell servers apart. */
const NAME_LENGTH = 10;

/** sun_path of Linux, without the zero at its end. */
const MAX_SOCKET_PATH_BYTES = 107;

/** Gives out the entrances. */
export class HookEntrances {
  readonly #directory: string | undefined;
  readonly #problems: ProblemList;
  readonly #entrances = new Map<Scope, HookEntrance>();
  readonly #names = new Set<string>();

  /** @param directory for the sockets; undefined where the sidecar is on another host */
  constructor(directory: string | undefined, problems: ProblemList) {
    this.#directory = directory;
    this.#problems = problems;
  }

  /** The entrance of the server that an endpoint is in. */
  for(endpoint: Scope): HookEntrance | undefined {
    let server = endpoint;
    while (server.context !== 'server') server = server.parent as Scope;
    if (this.#directory === undefined) {
      const { file, line } = endpoint.directive as Directive;
      this.#problems.add(
        file,
        line,
        'subscribe, unsubscribe and upstream requests need the sidecar on this host',
      );
      return undefined;
    }
    const known = this.#entrances.get(server);
    if (known) return known;
    const entrance = this.#make(server, this.#directory);
    this.#entrances.set(server, entrance);
    this.#checkLength(entrance, endpoint);
    return entrance;
  }

  /** That of a server, if one of its endpoints has asked for it. */
  of(server: Scope): HookEntrance | undefined {
    return this.#entrances.get(server);
  }

  #checkLength({ socket, tlsSocket = socket }: HookEntrance, { directive }: Scope): void {
    const length = Buffer.byteLength(tlsSocket);
    if (length <= MAX_SOCKET_PATH_BYTES) return;
    const { file, line } = directive as Directive;
    const problem =
      `the socket ${tlsSocket} for its hooks would have a path of ${length} bytes, but the system allows ` +
      `${MAX_SOCKET_PATH_BYTES}: choose a shorter --run-dir`;
    this.#problems.add(file, line, problem);
  }

  #make(server: Scope, directory: string): HookEntrance {
    const name = this.#name(server);
    const addressHeader = realIpHeader(server);
    return {
      socket: join(directory, `${name}.sock`),
      ...(takesTls(server) ? { tlsSocket: join(directory, `${name}s.sock`) } : {}),
      ...(addressHeader === undefined ? {} : { addressHeader }),
      headLimits: headLimits((name) => inForce(server, name)[0]),
      variables: setVariables(server),
    };
  }

  /** A name that stays the same when other servers come and go: subscribers keep it over a reload. */
  #name(server: Scope): string {
    const identity = server.others
      .filter(({ name }) => name === 'listen' || name === 'server_name')
      .map(({ name, args }) => [name, ...args.map((arg) => arg.text)].join(' '));
    const digest = createHash('sha256')
      .update(identity.sort().join('\n'))
      .digest('hex')
      .slice(0, NAME_LENGTH);
    let name = digest;
    for (let i = 2; this.#names.has(name); i++) name = `${digest}-${i}`;
    this.#names.add(name);
    return name;
  }
}

/** Directives of the nearest level that has any of that name. */
function inForce(server: Scope, wanted: string): readonly Directive[] {
  for (const level of [server, server.parent]) {
    const found = level?.others.filter(({ name }) => name === wanted) ?? [];
    if (found.length > 0) return found;
  }
  return [];
}

/** True for a server that some clients reach over TLS, unless they need a certificate, which the sidecar has none of. */
function takesTls(server: Scope): boolean {
  const overTls = server.others.some(
    ({ name, args }) => name === 'listen' && args.some(({ text }) => text === 'ssl'),
  );
  return overTls && inForce(server, 'ssl_verify_client')[0]?.args[0]?.text !== 'on';
}

/** The user's real_ip_header, where it would count for what comes in on our socket. */
function realIpHeader(server: Scope): string | undefined {
  const trusted = inForce(server, 'set_real_ip_from');
  if (!trusted.some(({ args }) => args[0]?.text === 'unix:')) return undefined;
  const header = inForce(server, 'real_ip_header')[0]?.args[0]?.text ?? 'X-Real-IP';
  return header === 'proxy_protocol' ? undefined : header;
}

const SETS = /^(?:set$|set_|auth_request_set$|js_var$)/;
const VARIABLE = /^\$(\w+)$/;
const NAMED_GROUP = /\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/g;

/** The names of the variables that directives of a server, or around it, set: by themselves or by a regex. */
function setVariables(server: Scope): readonly string[] {
  const names = new Set<string>();
  const look = ({ name, args }: Directive): void => {
    if (SETS.test(name)) {
      const variable = VARIABLE.exec(args[0]?.text ?? '')?.[1];
      if (variable !== undefined) names.add(variable);
    }
    for (const { text } of args) {
      for (const [, bracketed, quoted] of text.matchAll(NAMED_GROUP)) {
        names.add((bracketed ?? quoted) as string);
      }
    }
  };
  const walk = ({ others, children }: Scope): void => {
    others.forEach(look);
    children.forEach(walk);
  };
  walk(server);
  server.parent?.others.forEach(look);
  return [...names].sort();
}

/** What nginx takes for a server without `listen`. */
function defaultListen(): string {
  return process.getuid?.() === 0 ? '80' : '8000';
}

/** The beginning of the server block: its entrance comes before any rewrite directive of the user. */
export function entranceLines(server: Scope, entrance: HookEntrance, answerBytes: number): string[] {
  const { socket, tlsSocket } = entrance;
  const hasListen = server.others.some(({ name }) => name === 'listen');
  const ownSize = inForce(server, 'subrequest_output_buffer_size').length > 0;
  const sockets = [socket, ...(tlsSocket === undefined ? [] : [tlsSocket])];
  return [
    ...(hasListen ? [] : [`listen ${defaultListen()};`]),
    ...sockets.map((path) => `listen ${quote(`unix:${path}`)}${path === tlsSocket ? ' ssl' : ''};`),
    ...(ownSize ? [] : [`subrequest_output_buffer_size ${answerBytes};`]),
    // The hook's own subrequest passes here too, and is let through.
    `set $${ENTRANCE_VARIABLE} $server_addr$${ENTERED_VARIABLE};`,
    ...sockets.flatMap((path) => [
      `if ($${ENTRANCE_VARIABLE} = ${quote(`unix:${path}`)}) {`,
      `    rewrite ^ ${ENTRANCE_LOCATION} last;`,
      '}',
    ]),
  ];
}

/** The internal location. */
export function entranceLocation(
  server: Scope,
  { socket, tlsSocket = socket }: HookEntrance,
  handler: string,
): string[] {
  return [
    'internal;',
    // That is not enough: a `rewrite` of the user's may lead here, and makes any request an internal one.
    `set $${DOOR_VARIABLE} ${quote(`unix:${socket}`)};`,
    `set $${TLS_DOOR_VARIABLE} ${quote(`unix:${tlsSocket}`)};`,
    `js_content ${handler};`,
    'access_log off;',
    // The publisher's own location has looked at the size of the message.
    'client_max_body_size 0;',
    'set_real_ip_from unix:;',
    `real_ip_header ${ADDRESS_HEADER};`,
    'real_ip_recursive off;',
    ...entranceUndoLines(server),
  ];
}

const SIZE = /^(\d+)([kmg]?)$/i;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024, g: 1024 * 1024 * 1024 };
/** nginx's own, for client_max_body_size. */
const DEFAULT_MESSAGE_BYTES = 1024 * 1024;
/** Where client_max_body_size is without limit, or beyond this. */
const MAX_ANSWER_BYTES = 128 * 1024 * 1024;

/** Bytes that the answer about a message may have: as many as the message itself. */
export function answerBytes(endpoint: Scope): number {
  for (let level: Scope | undefined = endpoint; level; level = level.parent) {
    const size = level.others.find(({ name }) => name === 'client_max_body_size')?.args[0]?.text;
    const [, digits, unit = ''] = SIZE.exec(size ?? '') ?? [];
    if (digits === undefined) continue;
    const bytes = Number(digits) * (UNITS[unit.toLowerCase()] as number);
    return bytes === 0 ? MAX_ANSWER_BYTES : Math.min(bytes, MAX_ANSWER_BYTES);
  }
  return DEFAULT_MESSAGE_BYTES;
}
