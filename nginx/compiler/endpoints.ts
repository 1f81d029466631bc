/** Which levels become endpoints of njchan, and what has to be written into each. */

import { DEFAULT_HANDOFF_LOCATION } from '../../handoff/headers.ts';
import type { KeptPlace } from '../../handoff/redis.ts';
import { type FiguresName, formatSettings, type LocationSettings } from '../../handoff/settings.ts';
import { type Carries, carriesOf, InfoPlan } from './carrying.ts';
import { copiedDirectives } from './copied-directives.ts';
import { type Direct, directRequests } from './direct.ts';
import type { Endpoint as DirectiveEndpoint, Values } from './directives/row.ts';
import { dynamicValues, groupSettingsOf, groupValuesOf, placeOf, settingsOf } from './endpoint-settings.ts';
import { answerBytes, type HookEntrance, type HookEntrances, hasHooks } from './hook-entrance.ts';
import type { VariableUse } from './nchan-variables.ts';
import type { Directive } from './parser.ts';
import type { RedisPlan } from './redis-locations.ts';
import type { Scope } from './scopes.ts';
import type { TokenPlan } from './token-plan.ts';

/** An endpoint: a location, an `if` in one, or the `location /` that a server of endpoints lacks. */
export interface Endpoint {
  readonly number: string;
  readonly settings: string;
  /** What nginx computes: variables without their `$`, and their values as they are written. */
  readonly values: readonly (readonly [variable: string, expression: string])[];
  /** The handler for js_content. */
  readonly handler: 'publisher' | 'subscriber' | 'pubsub' | 'redisStats' | 'figures' | 'group';
  /** The named location that hands off, and the directives of the user that it needs. */
  readonly handoffLocation: string;
  readonly copied: readonly Directive[];
  /** A health check: it asks the sidecar that runs, and waits neither for another one nor long. */
  readonly isHealth: boolean;
  /** Subscribers may be sent chunks, which the hand-off location must announce. */
  readonly chunked: boolean;
  /** The entrance for its hooks, if it has any. */
  readonly entrance?: HookEntrance;
  /** The gateway asks an application, and may pass on its answer. */
  readonly asks: boolean;
  /** Which headers it hands off with values for strings (handoff/strings.ts). */
  readonly carries: Carries;
  /** What may pass by the gateway. */
  readonly direct?: Direct;
}

/** What is to be written into a block. */
export interface BlockPlan {
  /** Sets the location's constants; in an `if` these may be the constants of the location around it. */
  readonly sets?: Endpoint;
  /** Declares the values that the gateway computes: those of the location and of the `if`s in it. */
  readonly declares: readonly Endpoint[];
  readonly handler?: Endpoint['handler'];
}

export interface ServerPlan {
  readonly endpoints: readonly Endpoint[];
  /** The endpoint for requests that no location of the server takes. */
  readonly elsewhere?: Endpoint;
  /** Where requests come back in for hooks, and the bytes that an answer to one may have. */
  readonly hooks?: { readonly entrance: HookEntrance; readonly answerBytes: number };
}

export interface Plan {
  readonly blocks: ReadonlyMap<Scope, BlockPlan>;
  readonly servers: ReadonlyMap<Scope, ServerPlan>;
  /** Locations that are endpoints or have one in an `if`. */
  readonly locations: number;
  /** Where subscribers are whom an application is to be told of after a crash. */
  readonly kept: readonly KeptPlace[];
}

/**
 * Decides what is written where. The numbers of endpoints follow the order of the configuration.
 * @param redis is told who uses it
 * @param tokens is told too
 * @param entrances gives those endpoints one that have hooks
 */
export function planEndpoints(
  main: Scope,
  redis: RedisPlan,
  tokens: TokenPlan,
  entrances: HookEntrances,
  variables: VariableUse,
): Plan {
  const planner = new Planner(redis, tokens, entrances, variables, new InfoPlan(main));
  for (const http of main.children) {
    for (const server of http.children) if (server.context === 'server') planner.server(server);
  }
  return planner;
}

class Planner implements Plan {
  readonly blocks = new Map<Scope, BlockPlan>();
  readonly servers = new Map<Scope, ServerPlan>();
  readonly kept: KeptPlace[] = [];
  locations = 0;
  #count = 0;
  readonly #redis: RedisPlan;
  readonly #tokens: TokenPlan;
  readonly #entrances: HookEntrances;
  readonly #variables: VariableUse;
  readonly #info: InfoPlan;
  #answerBytes = 0;

  constructor(
    redis: RedisPlan,
    tokens: TokenPlan,
    entrances: HookEntrances,
    variables: VariableUse,
    info: InfoPlan,
  ) {
    this.#info = info;
    this.#redis = redis;
    this.#tokens = tokens;
    this.#entrances = entrances;
    this.#variables = variables;
  }

  server(server: Scope): void {
    const endpoints: Endpoint[] = [];
    this.#answerBytes = 0;
    for (const child of server.children) if (child.context === 'location') this.#location(child, endpoints);
    // Requests that no location takes get the server's handler; with `location /` there are none.
    const hasRoot = server.children.some(isRoot);
    const elsewhere = server.values.endpoint && !hasRoot ? this.#endpoint(server) : undefined;
    if (elsewhere) {
      endpoints.push(elsewhere);
      this.locations++;
    }
    const entrance = this.#entrances.of(server);
    if (endpoints.length > 0) {
      this.servers.set(server, {
        endpoints,
        ...(elsewhere ? { elsewhere } : {}),
        ...(entrance ? { hooks: { entrance, answerBytes: this.#answerBytes } } : {}),
      });
    }
  }

  #location(location: Scope, endpoints: Endpoint[]): void {
    const own = location.values.endpoint && !alwaysReturns(location) ? this.#endpoint(location) : undefined;
    const declares = own ? [own] : [];
    for (const [scope, endpoint] of this.#conditions(location)) {
      if (endpoint) declares.push(endpoint);
      const sets = endpoint ?? own;
      if (sets) this.blocks.set(scope, { sets, declares: [], handler: sets.handler });
    }
    if (own) {
      // `set` is not allowed in limit_except, nor needed: it shares the location's rewrite phase.
      for (const child of location.children) {
        if (child.context === 'limit_except') this.blocks.set(child, { declares: [], handler: own.handler });
      }
      this.blocks.set(location, { sets: own, declares, handler: own.handler });
    } else if (declares.length > 0) {
      this.blocks.set(location, { declares });
    }
    if (declares.length > 0) this.locations++;
    endpoints.push(...declares);
    for (const child of location.children) {
      if (child.context === 'location') this.#location(child, endpoints);
    }
  }

  /**
   * The `if`s of a location that need something written into them, with their own endpoint if they have one.
   * nginx applies the configuration of the last `if` that matches. So once one differs from its location, those that
   * do not differ have to set the location's constants again.
   */
  #conditions(location: Scope): readonly (readonly [Scope, Endpoint | undefined])[] {
    const conditions = location.children.filter((child) => child.context === 'if');
    const differing = conditions.filter(
      (scope) => scope.values.endpoint && (differs(scope) || this.#losesRedis(scope, location)),
    );
    if (differing.length === 0) return [];
    return conditions.map((scope) => [scope, differing.includes(scope) ? this.#endpoint(scope) : undefined]);
  }

  /** True for an `if` around which `nchan_redis_pass` is in force, but not in it. */
  #losesRedis(condition: Scope, location: Scope): boolean {
    const [inside, outside] = [condition, location].map((scope) => this.#redis.settingsOf(scope));
    return inside?.redisUpstream !== outside?.redisUpstream && !alwaysReturns(condition);
  }

  #endpoint(scope: Scope): Endpoint {
    const number = String(++this.#count);
    const { endpoint } = scope.values;
    const serves = endpoint?.serves ?? 'channels';
    if (serves === 'group') return this.#groupEndpoint(number, scope);
    const showsFigures = serves !== 'channels' && serves !== 'subscriberInfo';
    const figures = endpoint && showsFigures ? { endpoint } : undefined;
    if (serves === 'redisStats') this.#redis.wantStats();
    if (serves === 'subscriberInfo') this.#tokens.refuseAt(scope, serves);
    if (figures) {
      this.#tokens.noticeUnused(scope);
    }
    const redis = figures ? undefined : this.#redis.use(scope);
    const values: Values = figures ?? this.#info.valuesOf(scope, redis);
    const settings = redis
      ? settingsOf(scope, values, redis, this.#tokens.use(scope))
      : { ...placeOf(scope), serves: isOfSidecar(serves) ? serves : ('' as const) };
    const entrance = !figures && hasHooks(scope.values) ? this.#entrances.for(scope) : undefined;
    if (entrance) {
      settings.hookSocket = entrance.socket;
      settings.hookTlsSocket = entrance.tlsSocket ?? '';
      settings.hookAddressHeader = entrance.addressHeader ?? '';
      settings.hookHeadLimits = entrance.headLimits;
      this.#answerBytes = Math.max(this.#answerBytes, answerBytes(scope));
      if (scope.values.unsubscribeRequest) this.#keep(settings);
    }
    const copied = copiedDirectives(scope);
    const isHealth = serves === 'live' || serves === 'ready';
    // Nobody but the gateway sets the variables of a request.
    const isDirect = !figures && !this.#variables.ofRequests;
    const direct = isDirect ? directRequests(scope, settings, number, values.infoString) : undefined;
    return {
      number,
      settings: formatSettings(settings),
      values: dynamicValues(number, values),
      handler: figures ? (isOfSidecar(serves) ? 'figures' : 'redisStats') : handlerFor(settings),
      handoffLocation:
        copied.length > 0 || entrance || isHealth
          ? `${DEFAULT_HANDOFF_LOCATION}_${number}`
          : DEFAULT_HANDOFF_LOCATION,
      copied,
      isHealth,
      chunked: settings.subscriber.includes('http-chunked'),
      ...(entrance ? { entrance } : {}),
      carries: carriesOf(values),
      asks: !figures && scope.values.authorizeRequest !== undefined,
      ...(direct ? { direct } : {}),
    };
  }

  #groupEndpoint(number: string, scope: Scope): Endpoint {
    this.#tokens.refuseAt(scope, 'group');
    const copied = copiedDirectives(scope);
    return {
      number,
      settings: formatSettings(groupSettingsOf(scope)),
      values: dynamicValues(number, groupValuesOf(scope)),
      handler: 'group',
      handoffLocation: copied.length > 0 ? `${DEFAULT_HANDOFF_LOCATION}_${number}` : DEFAULT_HANDOFF_LOCATION,
      copied,
      isHealth: false,
      chunked: false,
      carries: carriesOf({}),
      asks: scope.values.authorizeRequest !== undefined,
    };
  }

  #keep({ hooksAfterCrash, redisUpstream: upstream, redisNamespace: namespace }: LocationSettings): void {
    if (!hooksAfterCrash || upstream === '') return;
    const known = this.kept.some((place) => place.upstream === upstream && place.namespace === namespace);
    if (!known) this.kept.push({ upstream, namespace });
  }
}

/** What a level may serve that is no figures of the sidecar as a whole. */
const NO_FIGURES: readonly string[] = [
  'channels',
  'redisStats',
  'group',
  'subscriberInfo',
] satisfies DirectiveEndpoint['serves'][];

/** True for figures of the sidecar as a whole. */
function isOfSidecar(serves: DirectiveEndpoint['serves']): serves is FiguresName {
  return !NO_FIGURES.includes(serves);
}

/** An endpoint with neither has to refuse every request, which `pubsub` does as well. */
function handlerFor({ publisher, subscriber }: LocationSettings): Endpoint['handler'] {
  if (publisher.length > 0 === subscriber.length > 0) return 'pubsub';
  return publisher.length > 0 ? 'publisher' : 'subscriber';
}

/**
 * True for a location that answers every request in the rewrite phase and so never gets to a content handler. It must
 * be left alone, since its `set`s would overwrite those of a request that uses it for a subrequest (`auth_request`).
 */
function alwaysReturns({ others }: Scope): boolean {
  const names = new Set(others.map(({ name }) => name));
  return names.has('return') && !names.has('if') && !names.has('rewrite') && !names.has('break');
}

function isRoot({ context, directive }: Scope): boolean {
  if (context !== 'location' || !directive) return false;
  const words = directive.args.map((arg) => arg.text);
  return words.join(' ') === '/' || words.join(' ') === '^~ /';
}

/** Directives of an `if` that do not change what the location's configuration is. */
const REWRITE = new Set(['set', 'rewrite', 'return', 'break', 'rewrite_log', 'uninitialized_variable_warn']);

/** True for an `if` that is more than a few rewrite directives. */
function differs(scope: Scope): boolean {
  return scope.ours.length > 0 || scope.others.some(({ name }) => !REWRITE.has(name));
}
