/** The lines that are written into the blocks of the user's configuration. */
import { dirname, join } from 'node:path';
import {
  DEFAULT_HANDOFF_LOCATION,
  HANDOFF,
  HANDOFF_LOCATION_VARIABLE,
  LOCATION_VARIABLE,
  TRANSFER_ENCODING_VARIABLE,
} from '../../handoff/headers.ts';
import {
  ENTERED_VARIABLE,
  ENTRANCE_LOCATION,
  HOOKS_VARIABLE,
  KEPT_VARIABLES_VARIABLE,
} from '../../handoff/hooks.ts';
import { TOKEN_KEYS_OBJECT, TOKEN_SUB_VARIABLE } from '../../handoff/token.ts';
import { answerBufferLines, untypedLines } from './asking.ts';
import { carryingLines, carryingVariables } from './carrying.ts';
import { outerHeaders, TRANSFER_ENCODING_LINE } from './chunked.ts';
import { directLines, directMaps, directSetLine } from './direct-lines.ts';
import type { BlockLines, Emitter } from './emitter.ts';
import type { Endpoint, Plan, ServerPlan } from './endpoints.ts';
import {
  handoffLines,
  healthLines,
  limitZoneLines,
  UNHEALTHY_BLOCK,
  upstreamLines,
} from './handoff-location.ts';
import { entranceLines, entranceLocation, type HookEntrance } from './hook-entrance.ts';
import { tempPathLines } from './main-level.ts';
import { reportLines, stubLines, type VariableUse, variableLines } from './nchan-variables.ts';
import type { CompileOptions } from './options.ts';
import type { Block, Directive } from './parser.ts';
import { quote, singleQuote } from './quote.ts';
import type { Scope } from './scopes.ts';

/** The name under which the gateway is imported. */
const MODULE = 'njchan';

const SILENT = 'uninitialized_variable_warn';

interface Input {
  readonly main: Scope;
  readonly plan: Plan;
  readonly options: CompileOptions;
  /** Of Nchan's variables. */
  readonly variables: VariableUse;
  /** The file with the figures of the sidecar; undefined where there can be none. */
  readonly figuresFile: string | undefined;
  /** The directory of the user's main file. */
  readonly directory: string;
  readonly emitter: Emitter;
  /** Whether locations need the file with the keys of tokens. */
  readonly hasTokens: boolean;
}

/** Adds the lines for every block that gets any. */
export function addLines(blocks: Map<Block, BlockLines>, input: Input): void {
  const { main, plan } = input;
  for (const [scope, { sets, declares, handler }] of plan.blocks) {
    add(blocks, scope, {
      atStart: sets ? setLines(sets, scope) : [],
      atEnd: [
        ...declares.flatMap(declarationLines),
        ...(sets?.asks ? untypedLines(scope) : []),
        ...(handler ? [contentLine(handler)] : []),
        ...(sets?.direct ? directLines(scope, sets.direct, input.options) : []),
      ],
    });
  }
  for (const [server, serverPlan] of plan.servers) {
    const { hooks } = serverPlan;
    add(blocks, server, {
      atStart: hooks ? entranceLines(server, hooks.entrance, hooks.answerBytes) : [],
      atEnd: serverLines(server, serverPlan, input),
    });
  }
  for (const http of main.children) {
    if (http.context === 'http') {
      add(blocks, http, { atStart: httpLines(http, input), atEnd: mapLines(input) });
    }
  }
}

function add(blocks: Map<Block, BlockLines>, { directive }: Scope, lines: BlockLines): void {
  if (directive && lines.atStart.length + lines.atEnd.length > 0) blocks.set(directive.block, lines);
}

/** The constants of an endpoint, set before any rewrite directive of the user runs. */
function setLines({ number, settings, handoffLocation, entrance, direct }: Endpoint, scope: Scope): string[] {
  return [
    `set $${LOCATION_VARIABLE} ${number};`,
    `set $${HANDOFF.settings.variable} ${singleQuote(settings)};`,
    `set $${HANDOFF_LOCATION_VARIABLE} ${handoffLocation};`,
    ...(entrance ? keptLines(entrance, scope) : []),
    ...(direct ? [directSetLine(direct)] : []),
  ];
}

/** What keeps the user's variables for hooks. That most are not set in every request is nothing to warn of. */
function keptLines({ variables }: HookEntrance, { others }: Scope): string[] {
  const names = `set $${KEPT_VARIABLES_VARIABLE} ${singleQuote(variables.join(','))};`;
  const hasOwn = others.some(({ name }) => name === SILENT);
  return hasOwn ? [names] : [names, `${SILENT} off;`];
}

/** The values that nginx computes when the gateway asks for them. */
function declarationLines({ values }: Endpoint): string[] {
  return values.map(([variable, expression]) => `js_var $${variable} ${expression};`);
}

function contentLine(handler: Endpoint['handler']): string {
  return `js_content ${MODULE}.${handler};`;
}

function httpLines(http: Scope, { options, plan, directory, hasTokens }: Input): string[] {
  const lines = options.supervised ? tempPathLines(http, options.supervised) : [];
  // Imports of the user's modules are looked up in the directory of the configuration file, which is another now.
  if (usesJavaScript(http)) lines.push(`js_path ${quote(directory)};`);
  if (plan.locations === 0) return lines;
  const directs = endpointsOf(plan).flatMap(({ direct }) => direct ?? []);
  return [
    ...lines,
    ...hashLines(http, plan),
    `js_import ${MODULE} from ${quote(options.njsBundle)};`,
    ...(hasTokens
      ? [`js_preload_object ${TOKEN_KEYS_OBJECT} from ${quote(options.tokenKeysFile ?? '')};`]
      : []),
    ...Object.values(HANDOFF)
      .filter(({ constant }) => !constant)
      .map(({ variable }) => `js_var $${variable};`),
    `js_var $${TRANSFER_ENCODING_VARIABLE};`,
    ...hookLines(plan),
    ...carryingVariables(endpointsOf(plan)),
    ...(endpointsOf(plan).some(({ asks }) => asks) ? answerBufferLines(http) : []),
    `js_var $${TOKEN_SUB_VARIABLE};`,
    ...upstreamLines(options, {
      messages: directs.some(({ publishes }) => publishes),
      health: endpointsOf(plan).some(({ isHealth }) => isHealth),
    }),
    '',
  ];
}

/**
 * What has maps in it. It stands after everything of the user's: nginx takes a map_hash_bucket_size or a
 * map_hash_max_size after a map for a duplicate.
 */
function mapLines({ options, plan, variables, figuresFile }: Input): string[] {
  const usesNjs = plan.locations > 0;
  const figures =
    usesNjs && figuresFile !== undefined ? { bundle: statusBundle(options), file: figuresFile } : undefined;
  return [
    ...variableLines(variables, usesNjs),
    ...stubLines(variables, figures),
    ...directMaps(endpointsOf(plan).flatMap(({ direct }) => direct ?? [])),
  ];
}

/** The module for the status variables is built beside the gateway. */
function statusBundle({ njsBundle }: CompileOptions): string {
  return join(dirname(njsBundle), 'status.js');
}

/** What hooks need on the http level. */
function hookLines({ servers }: Plan): string[] {
  const withHooks = [...servers].filter(([, { hooks }]) => hooks).map(([server]) => server);
  return withHooks.length === 0
    ? []
    : [HOOKS_VARIABLE, ENTERED_VARIABLE].map((name) => `js_var $${name};`).concat(limitZoneLines(withHooks));
}

function endpointsOf({ servers }: Plan): Endpoint[] {
  return [...servers.values()].flatMap(({ endpoints }) => endpoints);
}

/** Buckets in which nginx finds room for all the variables of a location; its default of 64 holds one or two. */
const HASH_BUCKET_BYTES = 256;
const MIN_HASH_SIZE = 1024;

/**
 * The size of nginx's table of variables, of which every endpoint declares some: a table that is too small costs a
 * warning at each start. Measured with up to 12,000 variables: twice as many places as variables are enough.
 */
function hashLines(http: Scope, plan: Plan): string[] {
  let variables = 0;
  for (const { values } of endpointsOf(plan)) variables += values.length;
  let size = MIN_HASH_SIZE;
  while (size < 2 * variables) size *= 2;
  const own = new Set(http.others.map(({ name }) => name));
  return [`variables_hash_max_size ${size};`, `variables_hash_bucket_size ${HASH_BUCKET_BYTES};`].filter(
    (line) => !own.has(line.split(' ')[0] as string),
  );
}

function usesJavaScript(scope: Scope): boolean {
  return scope.others.some(({ name }) => name === 'js_import') || scope.children.some(usesJavaScript);
}

function serverLines(
  server: Scope,
  { endpoints, elsewhere, hooks }: ServerPlan,
  { options, variables, emitter }: Input,
): string[] {
  const reports = [...reportLines(variables), ...carryingLines(endpoints)];
  const root = elsewhere
    ? block('location /', [
        ...setLines(elsewhere, server),
        ...declarationLines(elsewhere),
        ...(elsewhere.asks ? untypedLines() : []),
        contentLine(elsewhere.handler),
      ])
    : [];
  const namedLocation = (
    name: string,
    copied: readonly Directive[],
    chunked: boolean,
    { repeatable = false, isHealth = false } = {},
  ): string[] => {
    const directives = chunked ? [...outerHeaders(server, copied), ...copied] : copied;
    return block(`location ${name}`, [
      ...directives
        // Whatever pages the user has for errors: who checks health wants the status.
        .filter(({ name }) => !isHealth || name !== 'error_page')
        .map((directive) => emitter.directive(directive)),
      ...(isHealth
        ? healthLines(server, options.sidecar)
        : handoffLines(server, options.sidecar, repeatable)),
      ...reports,
      ...(chunked ? [TRANSFER_ENCODING_LINE] : []),
    ]);
  };
  const own = endpoints.filter(({ handoffLocation }) => handoffLocation !== DEFAULT_HANDOFF_LOCATION);
  const entrance = hooks
    ? block(`location = ${ENTRANCE_LOCATION}`, entranceLocation(server, hooks.entrance, `${MODULE}.hook`))
    : [];
  return [
    ...root,
    ...namedLocation(
      DEFAULT_HANDOFF_LOCATION,
      [],
      endpoints.some(({ chunked }) => chunked),
    ),
    ...own.flatMap(({ handoffLocation, copied, chunked, isHealth, entrance: repeatable }) =>
      namedLocation(handoffLocation, copied, chunked, { repeatable: repeatable !== undefined, isHealth }),
    ),
    ...(endpoints.some(({ isHealth }) => isHealth) ? block(...UNHEALTHY_BLOCK) : []),
    ...entrance,
  ];
}

/** A block, after an empty line. */
function block(head: string, lines: readonly string[]): string[] {
  return ['', `${head} {`, ...lines.map((line) => `    ${line}`), '}'];
}
