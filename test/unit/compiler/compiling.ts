/** Compiling configurations that are written down in a test. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DynamicValue, dynamicVariable } from '../../../handoff/headers.ts';
import { type LocationSettings, parseSettings } from '../../../handoff/settings.ts';
import {
  CompileError,
  type CompileOptions,
  type CompileResult,
  compile,
} from '../../../nginx/compiler/index.ts';
import { tempDir } from '../../support/files.ts';

/** Files of a configuration by their path in its directory; `nginx.conf` is the main one. */
export type Files = Record<string, string | Uint8Array>;

/** Writes files into a new directory. */
export function writeFiles(files: Files): string {
  const dir = tempDir();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), content);
  }
  return dir;
}

const OPTIONS = {
  sidecar: { socket: '/run/njchan.sock' },
  njsBundle: '/opt/njchan.js',
  tokenKeysFile: '/run/token-keys.json',
} as const;

/** The result, as if the files were in `/conf`. */
export function compileFiles(files: Files, options: Partial<CompileOptions> = {}): CompileResult {
  const dir = writeFiles(files);
  const strip = (text: string): string => text.replaceAll(dir, '/conf');
  try {
    const result = compile({ file: join(dir, 'nginx.conf'), ...OPTIONS, ...options });
    return {
      ...JSON.parse(JSON.stringify(result), (_, value) => (typeof value === 'string' ? strip(value) : value)),
    };
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new CompileError(
      error.problems.map(({ file, line, message }) => ({ file: strip(file), line, message: strip(message) })),
    );
  }
}

/** Compiles a main file. */
export function compileText(text: string, options: Partial<CompileOptions> = {}): CompileResult {
  return compileFiles({ 'nginx.conf': text }, options);
}

/** The problems that compiling has, as `file:line: message`. */
export function problemsOf(files: Files | string, options: Partial<CompileOptions> = {}): string[] {
  try {
    compileFiles(typeof files === 'string' ? { 'nginx.conf': files } : files, options);
  } catch (error) {
    if (error instanceof CompileError) return error.message.split('\n');
    throw error;
  }
  return [];
}

/** For directives that name an upstream. */
const UPSTREAM = 'upstream redis { nchan_redis_server 127.0.0.1; }';

/** Where a directive can stand, with lines for it. */
export const PLACES = {
  main: (lines: string) => `events {}\n${lines}`,
  H: (lines: string) => `events {} http { ${UPSTREAM}\n${lines} }`,
  S: (lines: string) => `events {} http { ${UPSTREAM} server {\n${lines} } }`,
  L: (lines: string) => `events {} http { ${UPSTREAM} server { location / {\n${lines} } } }`,
  I: (lines: string) => `events {} http { server { location / { if ($arg_x) {\n${lines} } } } }`,
  U: (lines: string) => `events {} http { upstream u { server 127.0.0.1:1;\n${lines} } }`,
  'if in server': (lines: string) => `events {} http { server { if ($arg_x) {\n${lines} } } }`,
  limit_except: (lines: string) =>
    `events {} http { server { location / { limit_except GET {\n${lines} } } } }`,
  'upstream in stream': (lines: string) => `events {} stream { upstream u {\n${lines} } }`,
  events: (lines: string) => `events {\n${lines} }`,
};
export type Place = keyof typeof PLACES;

/** What is said about lines that stand somewhere. */
export function saidIn(place: Place, lines: string): string[] {
  return problemsOf(PLACES[place](lines)).map((problem) => problem.replace(/^\/conf\/nginx\.conf:\d+: /, ''));
}

/** An endpoint as the gateway will see it. */
export interface SeenEndpoint {
  readonly settings: LocationSettings;
  readonly handoff: string;
  /** By the name of the value; that of a second one ends in `_2`. */
  readonly values: Readonly<Record<string, string>>;
}

const SETS =
  /set \$njchan_location (\d+);\s+set \$njchan_settings '((?:\\.|[^'\\])*)';\s+set \$njchan_handoff (@\w+);/g;

/** The endpoints of a compiled configuration, by the line in which their location begins. */
export function endpointsOf(config: string): Record<number, SeenEndpoint> {
  const endpoints: Record<number, SeenEndpoint> = {};
  for (const [, number = '', settingsText = '', handoff = ''] of config.matchAll(SETS)) {
    const settings = parseSettings(settingsText.replace(/\\(['\\])/g, '$1'));
    const values: Record<string, string> = {};
    const declared = new RegExp(`js_var \\$${dynamicVariable(number, '' as DynamicValue)}(\\w+) (.*);`, 'g');
    for (const [, name, value] of config.matchAll(declared)) values[name as string] = value as string;
    endpoints[Number(settings.location.split(':').at(-1))] = { settings, handoff, values };
  }
  return endpoints;
}

/** The only endpoint of a server with these directives in it. */
export function onlyEndpoint(server: string, http = ''): SeenEndpoint {
  const { config } = compileText(`events {}\nhttp {\n${http}\nserver {\n${server}\n}\n}\n`);
  const endpoints = Object.values(endpointsOf(config));
  if (endpoints.length !== 1) throw new Error(`${endpoints.length} endpoints in\n${config}`);
  return endpoints[0] as SeenEndpoint;
}
