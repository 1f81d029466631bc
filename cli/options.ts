/** The command line: a table of commands and options, its parser, and the help texts made from it. */

import { parseArgs } from 'node:util';
import { LOG_LEVELS, type LogLevel } from '../sidecar/log.ts';
import { DEFAULT_REDIS_URL } from '../sidecar/store/redis/url.ts';
import { CliError, EXIT, NGINX_EXIT_MEANING } from './exit-codes.ts';
import type { ColourMode } from './terminal.ts';

interface Option {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** The word for the value in help texts. */
  readonly value?: string;
  /** The only values allowed. */
  readonly choices?: readonly string[];
  readonly help: string;
}

export const OPTIONS = {
  config: { type: 'string', short: 'c', value: 'FILE', help: "the nginx.conf with Nchan's directives" },
  'run-dir': {
    type: 'string',
    value: 'DIR',
    help: 'where sockets, pid files and compiled files go; default: /run/njchan as root, else $XDG_RUNTIME_DIR/njchan, else /tmp/njchan-UID',
  },
  'log-format': {
    type: 'string',
    value: 'FORMAT',
    choices: ['human', 'json'],
    help: 'human (default) or json: one line an entry, to standard error',
  },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    choices: LOG_LEVELS,
    help: 'info (default), warn or error: entries that are less grave are left out',
  },
  'without-sidecar': {
    type: 'boolean',
    help: 'start no sidecar: one that was started with --follow uses the same run directory',
  },
  output: { type: 'string', short: 'o', value: 'OUT', help: 'write to OUT instead of standard output' },
  sidecar: { type: 'boolean', help: 'ask the sidecar alone, with or without an "njchan up"' },
  live: {
    type: 'boolean',
    help: 'only whether it runs and answers, not whether it is ready (Redis is there, …)',
  },
  json: { type: 'boolean', help: 'print JSON instead of text' },
  channel: { type: 'string', value: 'ID', help: 'only what concerns this channel; its full name: GROUP/ID' },
  namespace: { type: 'string', value: 'NS', help: 'only channels in this nchan_redis_namespace' },
  full: { type: 'boolean', help: 'show long values to their end' },
  color: {
    type: 'string',
    value: 'WHEN',
    choices: ['auto', 'always', 'never'],
    help: 'auto (default: on a terminal, unless NO_COLOR is set), always or never',
  },
  help: { type: 'boolean', short: 'h', help: 'print this help' },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

interface Command {
  readonly summary: string;
  readonly details: string;
  readonly options: readonly OptionName[];
  /** True when FILE may stand without -c. */
  readonly takesFile?: boolean;
  readonly needsFile?: boolean;
  /** True when the URL of a Redis server may be given. */
  readonly takesUrl?: boolean;
}

export const COMMANDS = {
  up: {
    summary: 'compile FILE, run nginx and the sidecar in the foreground',
    details: `Restarts the sidecar when it dies. SIGTERM and Ctrl-C end the subscribers, let requests finish and stop
everything; a second Ctrl-C hurries. SIGHUP reloads, as "njchan reload" does.`,
    options: ['config', 'run-dir', 'log-format', 'log-level', 'without-sidecar', 'help'],
    needsFile: true,
  },
  compile: {
    summary: 'print FILE as plain nginx configuration',
    details: 'Starts nothing. The sidecar is expected on the socket sidecar.sock in the run directory.',
    options: ['config', 'output', 'run-dir', 'help'],
    takesFile: true,
    needsFile: true,
  },
  check: {
    summary: 'compile FILE and let nginx test the result',
    details: 'Starts nothing and leaves a running njchan alone.',
    options: ['config', 'help'],
    takesFile: true,
    needsFile: true,
  },
  reload: {
    summary: 'make a running "njchan up" read its FILE again',
    details: 'Subscribers stay connected. When FILE is refused, the old configuration stays in force.',
    options: ['run-dir', 'help'],
  },
  status: {
    summary: 'show what a running "njchan up" is doing',
    details: 'Prints versions, process ids, restarts, channels and subscribers.',
    options: ['run-dir', 'json', 'help'],
  },
  health: {
    summary: 'tell by the exit status whether requests are served',
    details: 'Status 0 when nginx accepts requests and the sidecar is ready, for health checks.',
    options: ['run-dir', 'sidecar', 'live', 'help'],
  },
  trace: {
    summary: 'show what a Redis server does, scripts and arguments by name',
    details: `REDIS-URL is redis://[[USER]:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS or unix:///PATH; default:
${DEFAULT_REDIS_URL}. With DB, only commands for that database are shown.
It uses MONITOR, which can halve the throughput of the server while it runs.`,
    options: ['channel', 'namespace', 'full', 'color', 'help'],
    takesUrl: true,
  },
  'redis-check': {
    summary: 'look for inconsistencies in the channels that a Redis server stores',
    details: `REDIS-URL is as for "njchan trace". Reads only. Ends with status 1 when something is wrong.`,
    options: ['namespace', 'json', 'help'],
    takesUrl: true,
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof COMMANDS;

/** The options as given; which of them a command may have is checked by parse. */
export interface OptionValues {
  config?: string;
  'run-dir'?: string;
  'log-format'?: 'human' | 'json';
  'log-level'?: LogLevel;
  'without-sidecar'?: boolean;
  output?: string;
  sidecar?: boolean;
  live?: boolean;
  json?: boolean;
  url?: string;
  channel?: string;
  namespace?: string;
  full?: boolean;
  color?: ColourMode;
}

export type Parsed =
  | { readonly kind: 'run'; readonly command: CommandName; readonly values: OptionValues }
  | { readonly kind: 'help'; readonly command: CommandName | undefined }
  | { readonly kind: 'version' };

function usageError(command: CommandName | undefined, message: string): CliError {
  const name = command ? `njchan ${command}` : 'njchan';
  return new CliError('usage', `${name}: ${message}; see "${name} --help"`);
}

/** Node's wording of a parse error, without its advice on positional arguments. */
function shortReason(error: unknown): string {
  const [reason = ''] = (error as Error).message.split('. ');
  return reason.charAt(0).toLowerCase() + reason.slice(1);
}

/**
 * Reads a command line.
 * @param argv - without node and the script
 * @throws CliError `usage`
 */
export function parse(argv: readonly string[]): Parsed {
  const [first, ...rest] = argv;
  if (first === '--version' || first === '-v') return { kind: 'version' };
  if (first === '--help' || first === '-h' || first === 'help') return { kind: 'help', command: undefined };
  if (first === undefined) throw usageError(undefined, 'name a command');
  if (!Object.hasOwn(COMMANDS, first)) {
    const what = first.startsWith('-') ? 'option' : 'command';
    throw usageError(undefined, `there is no ${what} ${JSON.stringify(first)}`);
  }
  const name = first as CommandName;
  const command: Command = COMMANDS[name];

  let values: Record<string, string | boolean | undefined>;
  let positionals: string[];
  try {
    const options = Object.fromEntries(command.options.map((option) => [option, OPTIONS[option]]));
    ({ values, positionals } = parseArgs({ args: rest, options, allowPositionals: true }) as {
      values: typeof values;
      positionals: string[];
    });
  } catch (error) {
    throw usageError(name, shortReason(error));
  }
  if (values.help) return { kind: 'help', command: name };

  if (command.takesFile && values.config === undefined) values.config = positionals.shift();
  if (command.takesUrl && positionals.length > 0) values.url = positionals.shift();
  if (positionals.length > 0) throw usageError(name, `unexpected argument ${JSON.stringify(positionals[0])}`);
  if (command.needsFile && !values.config) throw usageError(name, 'name the configuration with -c FILE');
  for (const option of command.options) {
    const { choices }: Option = OPTIONS[option];
    const value = values[option];
    if (choices && value !== undefined && !choices.includes(String(value))) {
      throw usageError(name, `--${option} must be ${choices.join(' or ')}`);
    }
    if (value === '') throw usageError(name, `--${option} must not be empty`);
  }
  return { kind: 'run', command: name, values: values as OptionValues };
}

/** `-c, --config FILE`; without a short form it is indented as far. */
function optionLabel(name: OptionName): string {
  const { short, value }: Option = OPTIONS[name];
  return `${short ? `-${short}, ` : '    '}--${name}${value ? ` ${value}` : ''}`;
}

function commandUsage(name: CommandName): string {
  const { options, takesFile, needsFile, takesUrl }: Command = COMMANDS[name];
  const words = options
    .filter((option) => option !== 'help' && option !== 'config')
    .map((option) => {
      const { short, value }: Option = OPTIONS[option];
      return `[${short ? `-${short}` : `--${option}`}${value ? ` ${value}` : ''}]`;
    });
  const file = needsFile ? [takesFile ? 'FILE' : '-c FILE'] : [];
  const url = takesUrl ? ['[REDIS-URL]'] : [];
  return ['njchan', name, ...file, ...url, ...words].join(' ');
}

/** Two columns, the first as wide as its widest entry. */
function table(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`).join('\n');
}

function commandHelp(name: CommandName): string {
  const command: Command = COMMANDS[name];
  const rows = command.options.map((option) => [optionLabel(option), OPTIONS[option].help] as const);
  return `Usage: ${commandUsage(name)}

${command.summary.charAt(0).toUpperCase()}${command.summary.slice(1)}.
${command.details}

Options:
${table(rows)}
`;
}

function generalHelp(): string {
  const commands = Object.entries(COMMANDS).map(([name, { summary }]) => [name, summary] as const);
  const exits = Object.values(EXIT).map(({ code, meaning }) => [String(code), meaning] as const);
  return `njchan gives a stock nginx the pub/sub of Nchan.

Usage: njchan COMMAND [OPTIONS]

Commands:
${table(commands)}

"njchan COMMAND --help" explains a command, "njchan --version" prints the version.

Exit status:
${table(exits)}
${NGINX_EXIT_MEANING}

Environment:
  NJCHAN_NGINX  the nginx to run; default: the one on PATH, else /usr/sbin/nginx
`;
}

/** The text of `njchan --help` or `njchan COMMAND --help`. */
export function helpText(command: CommandName | undefined): string {
  return command ? commandHelp(command) : generalHelp();
}
