/**
 * Turns an nginx configuration with Nchan's directives into one for a stock nginx with njs: see docs/configuration.md
 * for what is passed through and what is written in.
 */

import { dirname, join, resolve } from 'node:path';
import type { KeptHooks, RedisConfig } from '../../handoff/redis.ts';
import { comment } from './edits.ts';
import { type BlockLines, Emitter } from './emitter.ts';
import { type Plan, planEndpoints } from './endpoints.ts';
import { CompileError, type Problem, ProblemList } from './errors.ts';
import { reportGroupConflicts } from './group-conflicts.ts';
import { sidecarFault, spoilingDirectives } from './handoff-location.ts';
import { HookEntrances } from './hook-entrance.ts';
import { addLines } from './lines.ts';
import { type ListenAddress, listenAddresses } from './listens.ts';
import { planMain } from './main-level.ts';
import { variableUse } from './nchan-variables.ts';
import type { CompileOptions } from './options.ts';
import type { Block, Directive } from './parser.ts';
import { RedisPlan } from './redis-locations.ts';
import { readScopes, type Scope } from './scopes.ts';
import { TokenPlan } from './token-plan.ts';
import { readTree } from './tree.ts';

export { CompileError, type CompileOptions, type ListenAddress, type Problem };

/** The name of the directory for the sockets of hooks. */
export const HOOKS_DIRECTORY = 'hooks';

/** The file with the sidecar's figures, in a directory that the sidecar may write to. */
export const FIGURES_FILE = 'status/figures';

export interface CompileResult {
  /** The plain nginx configuration. */
  config: string;
  /** The TCP addresses that it listens on. */
  listens: ListenAddress[];
  /** The `user` directive, when given: worker user and group. */
  user?: { name: string; group?: string };
  /** Things worth telling that are no errors, e.g. a dropped load_module of the nchan module. */
  notices: Problem[];
  /** Whether the sidecar asks an application through nginx, also when it stops. */
  hooks: boolean;
  /** How many locations use njchan. */
  locations: number;
  /** Bytes that buffered messages may take, when the configuration says so. */
  memoryBytes?: number;
  /** The upstreams that locations use, for the sidecar; it has passwords. Undefined when all channels are in memory. */
  redis?: RedisConfig;
  /** Where the sidecar writes its figures for nginx; undefined when the configuration uses none. */
  figuresFile?: string;
  /** Whom the sidecar tells the application of after a crash; undefined when nobody. */
  keptHooks?: KeptHooks;
  /**
   * What has to be in the file of CompileOptions.tokenKeysFile before nginx reads the configuration; it has secrets, and
   * only nginx's master reads it. Undefined when no location has tokens.
   */
  tokenKeys?: string;
}

/**
 * Compiles a configuration. Reads the file and all that it includes; the same input gives the same output.
 * @throws CompileError with every fault that was found
 */
export function compile(options: CompileOptions): CompileResult {
  const { file, sidecar } = options;
  const fault = sidecarFault(sidecar);
  if (fault) throw new CompileError([{ file, line: 1, message: fault }]);

  const problems = new ProblemList();
  const notices = new ProblemList();
  const tree = readTree(file, problems);
  const main = readScopes(tree, { problems, notices });
  reportGroupConflicts(main, problems);
  const redis = new RedisPlan(main, { problems, notices });
  const tokens = new TokenPlan(main, tree.directory, { problems, notices });
  const variables = variableUse(tree);
  const sockets = hooksDirectory(options);
  const figuresFile = figuresFileOf(options);
  const entrances = new HookEntrances(sockets, problems);
  const plan = planEndpoints(main, redis, tokens, entrances, variables);
  const redisConfig = redis.config(tree.directory);
  const tokenKeys = tokens.keyFile();
  if (tokenKeys !== undefined && options.tokenKeysFile === undefined) {
    problems.add(tree.main.source, 1, 'njchan_token_key: nobody said where the keys shall be for nginx');
  }
  reportSpoiled(plan, problems);
  throwIfAny(problems);

  const mainPlan = planMain(main, options, plan.locations > 0, notices);
  const overruled = overruledHandlers(main, plan);
  const commentedOut = new Set([...mainPlan.dropped, ...overruled, ...redis.emptied, ...ownDirectives(main)]);
  const blocks = new Map<Block, BlockLines>();
  const emitter = new Emitter(tree, { commentedOut, blocks }, problems);
  addLines(blocks, {
    main,
    plan,
    options,
    variables,
    figuresFile,
    directory: tree.directory,
    emitter,
    hasTokens: tokenKeys !== undefined,
  });
  const body = emitter.main();
  throwIfAny(problems);

  for (const { file, line } of overruled) {
    notices.add(file, line, "js_content has no effect where Nchan's directives are in force");
  }
  const { memoryBytes } = main.children.find(({ context }) => context === 'http')?.own ?? {};
  if (plan.locations === 0) notices.add(tree.main.source, 1, 'no location uses njchan');
  return {
    config: [...headerLines(file), ...mainPlan.lines, '', body].join('\n'),
    listens: listenAddresses(main, process.getuid?.() === 0),
    ...(mainPlan.user ? { user: mainPlan.user } : {}),
    notices: notices.sorted(),
    hooks: [...plan.servers.values()].some(({ hooks }) => hooks !== undefined),
    locations: plan.locations,
    ...(memoryBytes === undefined ? {} : { memoryBytes }),
    ...(redisConfig ? { redis: redisConfig } : {}),
    ...(figuresFile !== undefined && plan.locations > 0 && variables.stubFigures.length > 0
      ? { figuresFile }
      : {}),
    ...(sockets !== undefined && plan.kept.length > 0 ? { keptHooks: { sockets, redis: plan.kept } } : {}),
    ...(tokenKeys === undefined ? {} : { tokenKeys }),
  };
}

/** The directory for the sockets of hooks: beside the sidecar's, unless it is told. */
function hooksDirectory({ sidecar, hooksDirectory: given }: CompileOptions): string | undefined {
  if (!('socket' in sidecar)) return undefined;
  return given ?? join(dirname(resolve(sidecar.socket)), HOOKS_DIRECTORY);
}

function figuresFileOf({ sidecar }: CompileOptions): string | undefined {
  return 'socket' in sidecar ? join(dirname(resolve(sidecar.socket)), FIGURES_FILE) : undefined;
}

function throwIfAny(problems: ProblemList): void {
  const sorted = problems.sorted();
  if (sorted.length > 0) throw new CompileError(sorted);
}

function reportSpoiled(plan: Plan, problems: ProblemList): void {
  for (const server of plan.servers.keys()) {
    for (const { name, file, endLine } of spoilingDirectives(server)) {
      const message = `"${name}" would replace what is published in the locations that use njchan; put it into the locations that need it`;
      problems.add(file, endLine, message);
    }
  }
}

/** All of Nchan's directives. */
function ownDirectives(scope: Scope): Directive[] {
  return [...scope.ours, ...scope.children.flatMap(ownDirectives)];
}

/** The user's `js_content`s that ours replace, as Nchan's handler replaces any other; nginx refuses two. */
function overruledHandlers(scope: Scope, plan: Plan): Directive[] {
  const here = plan.blocks.get(scope)?.handler
    ? scope.others.filter(({ name }) => name === 'js_content')
    : [];
  return [...here, ...scope.children.flatMap((child) => overruledHandlers(child, plan))];
}

function headerLines(file: string): string[] {
  return [
    comment(`Generated by njchan from ${file}. Changes made here will be lost:`),
    comment(`change ${file} and run njchan compile -c ${file}`),
  ];
}
