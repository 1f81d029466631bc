/** What the compiler has to know about, and change in, the main level: modules, the pid file, the daemon, the user. */
import { basename } from 'node:path';
import type { ProblemList } from './errors.ts';
import type { CompileOptions } from './options.ts';
import type { Directive } from './parser.ts';
import { quote } from './quote.ts';
import type { Scope } from './scopes.ts';

const JS_MODULE = 'ngx_http_js_module.so';
const NCHAN_MODULE = /^ngx_(?:http_)?nchan_module\.so$/;

/** Directives that `njchan up` answers for. */
const SUPERVISED = new Set(['daemon', 'pid']);

/** Temporary files of each kind, below the run directory; `nginx` as a plain user may not write elsewhere. */
const TEMP_PATHS = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => ({
  directive: `${kind}_temp_path`,
  directory: kind,
}));

export interface MainPlan {
  /** Lines for the top of the file. */
  readonly lines: readonly string[];
  /** Directives to comment out. */
  readonly dropped: readonly Directive[];
  readonly user?: { name: string; group?: string };
}

/**
 * Decides about the main level.
 * @param usesNjs whether the compiled configuration needs the js module
 * @param notices gets what the user should know
 */
export function planMain(
  main: Scope,
  options: CompileOptions,
  usesNjs: boolean,
  notices: ProblemList,
): MainPlan {
  const modules = main.others.filter(({ name }) => name === 'load_module');
  const nchan = modules.filter((module) => NCHAN_MODULE.test(moduleFile(module)));
  for (const { file, line } of nchan) {
    notices.add(file, line, 'the nchan module is not loaded: njchan takes its place');
  }
  const lines: string[] = [];
  if (
    usesNjs &&
    options.jsModule !== undefined &&
    !modules.some((module) => moduleFile(module) === JS_MODULE)
  ) {
    lines.push(`load_module ${quote(options.jsModule)};`);
  }
  const { supervised } = options;
  if (supervised) lines.push('daemon off;', `pid ${quote(supervised.pidFile)};`);
  const replaced = supervised ? main.others.filter(({ name }) => SUPERVISED.has(name)) : [];
  const [user, group] = main.others.find(({ name }) => name === 'user')?.args.map((arg) => arg.text) ?? [];
  return {
    lines,
    dropped: [...nchan, ...replaced],
    ...(user === undefined ? {} : { user: { name: user, ...(group === undefined ? {} : { group }) } }),
  };
}

function moduleFile({ args }: Directive): string {
  return basename(args[0]?.text ?? '');
}

/** `…_temp_path` directives for a supervised nginx, but for those that the http level has itself. */
export function tempPathLines(http: Scope, { tempDir }: { tempDir: string }): string[] {
  const own = new Set(http.others.map(({ name }) => name));
  return TEMP_PATHS.filter(({ directive }) => !own.has(directive)).map(
    ({ directive, directory }) => `${directive} ${quote(`${tempDir}/${directory}`)};`,
  );
}
