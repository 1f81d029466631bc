/** What is written into the configuration for requests that pass by the gateway: see direct.ts. */
import {
  CLIENT_HEADERS,
  DIRECT,
  DIRECT_TRANSPORTS,
  type DirectTransport,
  HANDOFF,
  ID_HEADERS,
  REQUEST_ID_HEADER,
} from '../../handoff/headers.ts';
import type { Direct } from './direct.ts';
import { directValueMaps } from './direct-info.ts';
import {
  clientHeader,
  DIRECT_PASS_LINE,
  directHandoffLines,
  type Header,
  MESSAGE_PASS_LINE,
  passedOn,
} from './handoff-location.ts';
import type { CompileOptions } from './options.ts';
import type { Scope } from './scopes.ts';

/** What the location sets first, before a regex of the user changes what the captures are. */
export function directSetLine({ channel }: Direct): string {
  return `set $${DIRECT.channel.variable} ${channel};`;
}

/** The request's own target when it may take the short cut, else empty: of messages, and of each transport. */
const MESSAGE_VARIABLE = 'njchan_direct_message';
const targetVariable = (transport: DirectTransport): string => `njchan_direct_${transport}`;

/** `Connection` and `Upgrade` of the hand-off: streams are upgrades, whatever they are for the client. */
const CONNECTION_VARIABLE = 'njchan_direct_connection';
const UPGRADE_VARIABLE = 'njchan_direct_upgrade';

/** A subscriber's id for the log; with messages, whose heads are read faster when they are alike, it is empty. */
const REQUEST_ID_VARIABLE = 'njchan_direct_request_id';

/** The client's headers that matter for a message and for the answer to its publisher. */
const PUBLISHER_HEADERS = [
  'Accept',
  'Content-Type',
  'Origin',
  'X-EventSource-Event',
] as const satisfies readonly (typeof CLIENT_HEADERS)[number][];

/** What a user's location has to say besides to hand requests off by itself. */
export function directLines(location: Scope, direct: Direct, { sidecar }: CompileOptions): string[] {
  let server = location;
  while (server.context !== 'server') server = server.parent as Scope;
  const subscribes = direct.transports.length > 0;
  const headers: readonly Header[] = [
    [HANDOFF.settings.header, `$${HANDOFF.settings.variable}`],
    [DIRECT.channel.header, `$${DIRECT.channel.variable}`],
    [HANDOFF.connection.header, subscribes ? `$${CONNECTION_VARIABLE}` : '""'],
    ...(subscribes ? SUBSCRIBER_LINES : passedOn(PUBLISHER_HEADERS)),
    ...direct.info.map(({ header, variable }): Header => [header, `$${variable}`]),
  ];
  return [
    ...(direct.publishes ? condition(MESSAGE_VARIABLE, MESSAGE_PASS_LINE) : []),
    ...direct.transports.flatMap((transport) =>
      condition(targetVariable(transport), DIRECT_PASS_LINE, SUFFIXES[transport]?.compared),
    ),
    ...directHandoffLines(server, headers, sidecar),
  ];
}

const SUBSCRIBER_LINES: readonly Header[] = [
  [HANDOFF.upgrade.header, `$${UPGRADE_VARIABLE}`],
  [DIRECT.transport.header, `$${DIRECT.transport.variable}`],
  [DIRECT.queryId.header, `$${DIRECT.queryId.variable}`],
  [REQUEST_ID_HEADER, `$${REQUEST_ID_VARIABLE}`],
  ...passedOn([...ID_HEADERS, ...CLIENT_HEADERS]),
];

/**
 * The condition. It holds for requests whose target has nothing in it that nginx decoded or rewrote, so that the
 * channel's name cannot hold a line break; and so not for requests that were redirected to the location, or subrequests
 * to it, to which `$request_method` would not belong. Comparing variables, other than a regex, leaves captures as they
 * are for the gateway and the directives of the user.
 */
function condition(variable: string, pass: string, suffix = ''): string[] {
  return [`if ($${variable} = $uri$is_args$args${suffix}) {`, `    ${pass}`, '}'];
}

const CLEAN_VARIABLE = 'njchan_direct_unless_control';

/** Where a message id may be. */
const ID_SOURCES = `${ID_HEADERS.map(clientHeader).join('')}$${DIRECT.queryId.variable}`;

/** The target of requests without control characters in the headers that are passed on. */
const CLEAN_MAP: readonly string[] = [
  `map ${CLIENT_HEADERS.map(clientHeader).join('')}${ID_SOURCES} $${CLEAN_VARIABLE} {`,
  '    default $request_uri;',
  '    "~[\\x00-\\x08\\x0a-\\x1f\\x7f]" "";',
  '}',
];

/** Messages: POST and PUT without a message id, which the gateway has to read. */
const MESSAGE_MAP: readonly string[] = [
  `map $request_method:${ID_SOURCES} $${MESSAGE_VARIABLE} {`,
  '    default "";',
  `    POST: $${CLEAN_VARIABLE};`,
  `    PUT: $${CLEAN_VARIABLE};`,
  '}',
];

/** A date that no tags are with: none, or empty ones, which are tags too. Only the gateway can tell. */
const UNTAGGED_VARIABLE = 'njchan_direct_untagged';
const HANDSHAKE_VARIABLE = 'njchan_direct_handshake';
const GET_VARIABLE = 'njchan_direct_get';

/** How clients write `Connection` in a WebSocket handshake. */
const UPGRADES = ['upgrade', 'keep-alive, upgrade', 'upgrade, keep-alive'];

const EVENT_STREAM = 'text/event-stream';

/** What follows the target, where a `map`, to which upper and lower case are the same, cannot tell enough. */
const SUFFIXES: Partial<Record<DirectTransport, { given: string; compared: string }>> = {
  eventsource: { given: ':$http_accept', compared: `:${EVENT_STREAM}` },
};

/**
 * How clients that poll write `Accept`: command lines, `fetch`, XMLHttpRequest and what is built on them. Keys of a `map`
 * beyond some 45 characters would need another map_hash_bucket_size.
 */
const POLLERS = [
  '',
  '*/*',
  'text/plain',
  'application/json',
  'text/plain, */*',
  'application/json, */*',
  'application/json, text/plain, */*',
];

/**
 * Subscribers: the transport that a GET asks for, as njs/transport.ts chooses, of those that are written as most clients
 * write them. A regex that matches would take the location's captures away, which its channel ids are made of. One with
 * TE, which may ask for chunks, is left to the gateway.
 */
const SUBSCRIBER_MAPS: readonly string[] = [
  `map $http_if_none_match $${UNTAGGED_VARIABLE} {`,
  '    default "";',
  '    "" $http_if_modified_since;',
  '}',
  `map $request_method:$http_upgrade $${HANDSHAKE_VARIABLE} {`,
  '    default "";',
  '    GET:websocket $http_connection;',
  '}',
  `map $request_method:$http_te:$http_accept $${GET_VARIABLE} {`,
  '    default "";',
  `    GET::${EVENT_STREAM} eventsource;`,
  ...POLLERS.map((accept) => `    "GET::${accept}" longpoll;`),
  '}',
  `map $${HANDSHAKE_VARIABLE} $${DIRECT.transport.variable} {`,
  '    default "";',
  `    "" $${GET_VARIABLE};`,
  ...UPGRADES.map((connection) => `    "${connection}" websocket;`),
  '}',
  ...DIRECT_TRANSPORTS.flatMap((transport) => [
    `map $${DIRECT.transport.variable}$${UNTAGGED_VARIABLE} $${targetVariable(transport)} {`,
    '    default "";',
    `    ${transport} $${CLEAN_VARIABLE}${SUFFIXES[transport]?.given ?? ''};`,
    '}',
  ]),
  `map $${DIRECT.transport.variable} $${UPGRADE_VARIABLE} {`,
  '    default "";',
  '    websocket websocket;',
  '    eventsource eventsource;',
  '}',
  `map $${DIRECT.transport.variable} $${REQUEST_ID_VARIABLE} {`,
  '    default $request_id;',
  '    "" "";',
  '}',
  `map $${UPGRADE_VARIABLE} $${CONNECTION_VARIABLE} {`,
  '    default upgrade;',
  '    "" "";',
  '}',
];

/** What the http level says about which requests may take the short cut. */
export function directMaps(directs: readonly Direct[]): string[] {
  return [
    ...(directs.length > 0 ? CLEAN_MAP : []),
    ...(directs.some(({ publishes }) => publishes) ? MESSAGE_MAP : []),
    ...(directs.some(({ transports }) => transports.length > 0) ? SUBSCRIBER_MAPS : []),
    ...directValueMaps(directs.flatMap(({ info }) => info)),
  ];
}
