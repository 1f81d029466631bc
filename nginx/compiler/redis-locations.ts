/**
 * In which Redis the channels of a location are kept, and how. Measured with Nchan 1.3.6: `nchan_redis_pass` counts for
 * its own level only, or with `nchan_redis_pass_inheritable` on for those below; else `nchan_use_redis` does, which is
 * inherited. Of storage mode and the like a level's own counts, then that of the upstream which it passes to itself,
 * then what is in force around it.
 */
import type { RedisConfig, RedisLocationSettings } from '../../handoff/redis.ts';
import { DEFAULT_SETTINGS } from '../../handoff/settings.ts';
import { findDirective } from './directives/index.ts';
import type { Slots, Values } from './directives/row.ts';
import type { Said } from './errors.ts';
import type { Directive } from './parser.ts';
import { blockConfig, RedisUpstreams, type UpstreamBlock, urlConfig } from './redis-upstreams.ts';
import { concealLogin, parseRedisUrl, type RedisUrl } from './redis-url.ts';
import type { Scope } from './scopes.ts';

/** Nchan's defaults (spec/directives.md §11). */
const DEFAULT_URL = parseRedisUrl('redis://127.0.0.1:6379') as RedisUrl;
const DEFAULT_PING_INTERVAL_S = 240;
const DEFAULT_FAKESUB_INTERVAL_MS = 100;
const DEFAULT_PUBLISH_CUTOFF_BYTES = 5 * 1024;

/** Nchan logs this as an error, and accepts it. */
const TWO_PURPOSES = "Can't have a redis stats location and also a group, publisher, or subscriber location.";

/** What is found out about Redis for a level. */
export type RedisSettings = Omit<RedisLocationSettings, 'channelTimeout'>;

type SettingSlot = Exclude<keyof RedisSettings, 'redisUpstream'>;
type LayeredSlot = SettingSlot | 'redisPingInterval';

type Source = { readonly block: UpstreamBlock } | { readonly url: RedisUrl };

/** An upstream in use: where its servers come from, and the ping intervals in force where it is used. */
interface Used {
  readonly source: Source;
  readonly pingIntervals: number[];
}

export class RedisPlan {
  readonly #main: Scope;
  readonly #upstreams: RedisUpstreams;
  readonly #said: Said;
  readonly #used = new Map<string, Used>();
  readonly #usedUrls = new Set<RedisUrl>();
  /** Names of URLs, by their whole text. */
  readonly #urlNames = new Map<string, string>();
  #stats = false;

  /** @param said gets passes to what is no upstream with Redis servers */
  constructor(main: Scope, said: Said) {
    this.#main = main;
    this.#said = said;
    this.#upstreams = new RedisUpstreams(main, said.problems);
    for (const scope of everyScope(main)) {
      this.#checkPass(scope);
      this.#noticeTwoPurposes(scope);
    }
  }

  /** Upstream blocks that nginx must not see. */
  get emptied(): Directive[] {
    return this.#upstreams.emptied();
  }

  /** The settings of an endpoint, which from now on counts as a user of its upstream; warns where Redis was lost. */
  use(scope: Scope): RedisSettings {
    const source = this.#sourceOf(scope);
    this.#warnIfLost(scope, source);
    if (source) {
      const name = this.#nameOf(source);
      const used = this.#used.get(name) ?? { source, pingIntervals: [] };
      used.pingIntervals.push(this.#layered(scope, 'redisPingInterval') ?? DEFAULT_PING_INTERVAL_S);
      this.#used.set(name, used);
      if ('url' in source) this.#usedUrls.add(source.url);
    }
    return this.settingsOf(scope);
  }

  /** What a level says about Redis. */
  settingsOf(scope: Scope): RedisSettings {
    const source = this.#sourceOf(scope);
    const settings: RedisSettings = {
      redisUpstream: source ? this.#nameOf(source) : '',
      redisStorageMode: DEFAULT_SETTINGS.redisStorageMode,
      redisNamespace: DEFAULT_SETTINGS.redisNamespace,
      redisNostoreFastpublish: DEFAULT_SETTINGS.redisNostoreFastpublish,
      redisIdleChannelCacheTimeout: DEFAULT_SETTINGS.redisIdleChannelCacheTimeout,
    };
    if (!source) return settings;
    const slots = Object.keys(settings).filter((key): key is SettingSlot => key !== 'redisUpstream');
    const values = slots.map((slot) => [slot, this.#layered(scope, slot) ?? settings[slot]]);
    return { ...settings, ...Object.fromEntries(values) };
  }

  /** Some location shows figures, so all upstreams have to keep them. */
  wantStats(): void {
    this.#stats = true;
  }

  /**
   * What the sidecar is told; undefined when no endpoint uses Redis. To be asked for when all endpoints are planned.
   * @param directory of the user's main file
   */
  config(directory: string): RedisConfig | undefined {
    this.#noticeUnused();
    if (this.#used.size === 0) return undefined;
    const upstreams = [...this.#used].map(([name, { source, pingIntervals }]) => {
      const usage = { pingInterval: shortest(pingIntervals), stats: this.#stats };
      const config =
        'block' in source ? blockConfig(source.block, usage, directory) : urlConfig(source.url, usage);
      return [name, config] as const;
    });
    const own: Values = Object.assign({}, ...this.#main.children.map((http) => http.own));
    return {
      upstreams: Object.fromEntries(upstreams),
      fakesubIntervalMs: own.redisFakesubIntervalMs ?? DEFAULT_FAKESUB_INTERVAL_MS,
      publishCutoffBytes: own.redisPublishCutoffBytes ?? DEFAULT_PUBLISH_CUTOFF_BYTES,
    };
  }

  #sourceOf(scope: Scope): Source | undefined {
    const pass = passOf(scope);
    const block = pass === undefined ? undefined : this.#upstreams.find(pass);
    if (block) return { block };
    return scope.values.useRedis ? { url: scope.values.redisUrl ?? DEFAULT_URL } : undefined;
  }

  #layered<S extends LayeredSlot>(scope: Scope, slot: S): Slots[S] | undefined {
    const { own, parent } = scope;
    if (own[slot] !== undefined) return own[slot];
    const upstream = own.redisPass === undefined ? undefined : this.#upstreams.find(own.redisPass);
    if (upstream?.own[slot] !== undefined) return upstream.own[slot];
    return parent ? this.#layered(parent, slot) : undefined;
  }

  /** The name of an upstream in the sidecar's configuration. It travels with every request, so it has no password. */
  #nameOf(source: Source): string {
    if ('block' in source) return source.block.name;
    const { url, shown } = source.url;
    const known = this.#urlNames.get(url);
    if (known !== undefined) return known;
    const taken = new Set(this.#urlNames.values());
    let name = shown;
    for (let i = 2; taken.has(name) || this.#upstreams.find(name); i++) name = `${shown}#${i}`;
    this.#urlNames.set(url, name);
    return name;
  }

  #checkPass(scope: Scope): void {
    const name = scope.own.redisPass;
    if (name === undefined) return;
    const { file, endLine } = directiveOf(scope, 'nchan_redis_pass');
    const block = this.#upstreams.find(name);
    if (!block) {
      this.#said.problems.add(file, endLine, passFault(name, this.#main));
      return;
    }
    if (!block.hasRedis) {
      const message = `upstream "${name}" has no nchan_redis_server, only servers that nginx uses itself`;
      this.#said.problems.add(file, endLine, message);
      return;
    }
    for (const server of block.plainServers) {
      const message = `this server of upstream "${block.name}" is not used for Redis; that takes nchan_redis_server`;
      this.#said.notices.add(server.file, server.endLine, message);
    }
  }

  /** Tells of endpoints that are for channels and for figures, of which what is written last wins. */
  #noticeTwoPurposes({ own, values, ours }: Scope): void {
    const { endpoint } = values;
    if (!own.endpoint || !endpoint?.redisStats) return;
    if (endpoint.publisher.size + endpoint.subscriber.size === 0) return;
    const last = ours.findLast(({ name }) => isEndpointDirective(name)) as Directive;
    this.#said.notices.add(last.file, last.endLine, TWO_PURPOSES);
  }

  /** Tells of a level that is inside of one which passes to Redis, but keeps its channels elsewhere. */
  #warnIfLost(scope: Scope, source: Source | undefined): void {
    const { directive, own } = scope;
    if (!directive || passOf(scope) !== undefined || own.redisPassInheritable === false) return;
    const choseUrl = own.useRedis !== undefined || own.redisUrl !== undefined;
    if (choseUrl && source) return;
    let outer = scope.parent;
    while (outer && outer.own.redisPass === undefined) outer = outer.parent;
    if (!outer) return;
    const { file, endLine } = directiveOf(outer, 'nchan_redis_pass');
    const isIf = scope.context === 'if';
    const who = isIf ? 'requests that match this "if" keep' : 'this location keeps';
    const where = source ? `the Redis at ${this.#nameOf(source)}` : 'memory';
    const cure = isIf ? '' : 'repeat it here, or ';
    this.#said.notices.add(
      directive.file,
      directive.line,
      `nchan_redis_pass ${concealLogin(outer.own.redisPass as string)} of ${file.name}:${endLine} is not inherited, ` +
        `so ${who} channels in ${where}: ${cure}turn nchan_redis_pass_inheritable on`,
    );
  }

  /** Tells of URLs that no endpoint uses: channels that were to be in Redis may be in memory. */
  #noticeUnused(): void {
    for (const scope of everyScope(this.#main)) {
      if (scope.own.redisUrl === undefined || this.#usedUrls.has(scope.own.redisUrl)) continue;
      const { file, endLine } = directiveOf(scope, 'nchan_redis_url');
      const message =
        'no location uses this nchan_redis_url: that takes nchan_use_redis on and no nchan_redis_pass';
      this.#said.notices.add(file, endLine, message);
    }
  }
}

/** The name in the `nchan_redis_pass` that is in force. */
function passOf({ own, values, parent }: Scope): string | undefined {
  if (own.redisPass !== undefined) return own.redisPass;
  return values.redisPassInheritable && parent ? passOf(parent) : undefined;
}

/** What is wrong with a name that no upstream with directives of ours has, in nginx's words as far as it has any. */
function passFault(name: string, main: Scope): string {
  const plain = main.children
    .flatMap(({ children }) => children)
    .find(
      ({ context, directive }) =>
        context === 'upstream' && directive?.args[0]?.text.toLowerCase() === name.toLowerCase(),
    );
  if (plain) return `upstream "${name}" has no nchan_redis_server, only servers that nginx uses itself`;
  const shown = concealLogin(name);
  if (name === '') return 'no host in upstream ""';
  if (name.includes('/')) return `invalid host in upstream "${shown}"`;
  // With a port, Nchan takes it for a host and crashes.
  return name.includes(':') ? `there is no upstream "${shown}"` : `no port in upstream "${name}"`;
}

/** Pings as often as the strictest wants; 0 wants none. */
function shortest(intervals: readonly number[]): number {
  const wanted = intervals.filter((seconds) => seconds > 0);
  return wanted.length === 0 ? 0 : Math.min(...wanted);
}

function isEndpointDirective(name: string): boolean {
  const row = findDirective(name);
  return typeof row === 'object' && row.slot === 'endpoint';
}

function directiveOf({ ours }: Scope, name: string): Directive {
  return ours.find((directive) => directive.name === name) as Directive;
}

function* everyScope(scope: Scope): Generator<Scope> {
  yield scope;
  for (const child of scope.children) yield* everyScope(child);
}
