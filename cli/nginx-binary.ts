/** Finds nginx and its njs module, and reads what nginx says about itself. */
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { exec } from './exec.ts';
import { CliError } from './exit-codes.ts';

export interface NginxBinary {
  readonly path: string;
  /** `1.22.1`. */
  readonly version: string;
  /** ngx_http_js_module.so; undefined when njs is compiled into this nginx. */
  readonly jsModule: string | undefined;
  /** The user of the workers when the configuration names none (nginx: --user and --group). */
  readonly defaultUser: { readonly name: string; readonly group?: string };
  /** Arguments for every run; keep nginx from opening a log file that the user may not write. */
  readonly baseArguments: readonly string[];
}

const MODULE = 'ngx_http_js_module.so';
const INSTALL = 'on Debian: apt-get install nginx libnginx-mod-http-js';
/** For a PATH without the directories of system programs. */
const FALLBACK_BINARY = '/usr/sbin/nginx';
/** For a build that names no modules path. One that does is taken at its word: others' modules do not fit it. */
const FALLBACK_MODULE_DIRS = ['/usr/lib/nginx/modules', '/usr/share/nginx/modules'];
/** The first version with `-e`. */
const ERROR_LOG_OPTION_SINCE = [1, 19, 5] as const;

/** The parts of `nginx -V` that matter here. */
export interface BuildInfo {
  readonly version: string;
  readonly modulesPath: string | undefined;
  readonly prefix: string | undefined;
  readonly user: string | undefined;
  readonly group: string | undefined;
  readonly njsBuiltIn: boolean;
}

/** Reads the output of `nginx -V`; undefined when it is something else. */
export function parseBuildInfo(output: string): BuildInfo | undefined {
  const version = /nginx version: \S+?\/(\d+\.\d+\.\d+)/.exec(output)?.[1];
  if (!version) return undefined;
  const argument = (name: string) => new RegExp(`--${name}=(?:'([^']*)'|(\\S+))`).exec(output);
  const value = (name: string) => argument(name)?.[1] ?? argument(name)?.[2];
  return {
    version,
    modulesPath: value('modules-path'),
    prefix: value('prefix'),
    user: value('user'),
    group: value('group'),
    njsBuiltIn: /--add-module=\S*njs/.test(output),
  };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The full path of a program on PATH, or undefined. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const dirs = (env.PATH ?? '').split(delimiter).filter((dir) => dir !== '');
  return dirs.map((dir) => join(dir, name)).find(isExecutable);
}

function findBinary(env: NodeJS.ProcessEnv): string {
  const given = env.NJCHAN_NGINX;
  if (given) {
    if (isExecutable(given)) return given;
    throw new CliError('nginxMissing', `njchan: NJCHAN_NGINX names ${given}, which cannot be executed`);
  }
  const found = findOnPath('nginx', env) ?? (isExecutable(FALLBACK_BINARY) ? FALLBACK_BINARY : undefined);
  if (found) return found;
  throw new CliError(
    'nginxMissing',
    `njchan: nginx is not installed (${INSTALL}); or name it in NJCHAN_NGINX`,
  );
}

function isSince(version: string, since: readonly number[]): boolean {
  const numbers = version.split('.').map(Number);
  for (const [i, required] of since.entries()) {
    const actual = numbers[i] ?? 0;
    if (actual !== required) return actual > required;
  }
  return true;
}

/** Where the modules of this build may be. */
function moduleDirs({ modulesPath, prefix }: BuildInfo): string[] {
  if (modulesPath) return [modulesPath];
  return [...(prefix ? [join(prefix, 'modules')] : []), ...FALLBACK_MODULE_DIRS];
}

/** The default of nginx's own configure script when --user or --group is not given. */
function defaultUser(build: BuildInfo): NginxBinary['defaultUser'] {
  const name = build.user ?? 'nobody';
  return build.group ? { name, group: build.group } : { name };
}

/**
 * Finds nginx and its njs module.
 * @param env - PATH and NJCHAN_NGINX are looked at
 * @throws CliError `nginxMissing`
 */
export async function findNginx(env: NodeJS.ProcessEnv = process.env): Promise<NginxBinary> {
  const path = findBinary(env);
  const { output } = await exec(path, ['-V']);
  const build = parseBuildInfo(output);
  if (!build) {
    throw new CliError('nginxMissing', `njchan: "${path} -V" did not say what it is:\n${output.trim()}`);
  }
  const dirs = moduleDirs(build);
  const jsModule = dirs.map((dir) => join(dir, MODULE)).find((file) => existsSync(file));
  if (!jsModule && !build.njsBuiltIn) {
    throw new CliError(
      'nginxMissing',
      `njchan: ${path} has no njs module: ${MODULE} is in none of ${dirs.join(', ')} (${INSTALL})`,
    );
  }
  return {
    path,
    version: build.version,
    jsModule: build.njsBuiltIn ? undefined : jsModule,
    defaultUser: defaultUser(build),
    baseArguments: isSince(build.version, ERROR_LOG_OPTION_SINCE) ? ['-e', 'stderr'] : [],
  };
}
