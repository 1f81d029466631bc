/** The text of a trace. */
import { bytesAsWord, escapeBytes, quoteBytes } from './byte-text.ts';
import type { Call, Parameter, ScriptCall } from './call.ts';
import type { MonitorEntry } from './monitor-line.ts';

export interface FormatOptions {
  readonly colour: boolean;
  /** Show long values and many arguments to their end. */
  readonly full: boolean;
}

/** What a piece of text is; the terminal's code for it (ECMA-48, SGR). */
const STYLES = {
  time: '2',
  njchan: '1;36',
  nchan: '1;33',
  unknown: '1;31',
  command: '1',
  name: '32',
  inner: '34',
} as const;

/** A command with more arguments shows that many, unless all is asked for. */
const MAX_ARGUMENTS = 40;

/** Puts a script's commands under its name: as wide as the time and a little more. */
const INDENT = ' '.repeat('00:00:00.000000'.length + 3);

const INTEGER = /^-?\d{1,18}$/;

function paint(style: keyof typeof STYLES, text: string, { colour }: FormatOptions): string {
  return colour ? `\x1b[${STYLES[style]}m${text}\x1b[0m` : text;
}

/** `12:50:11.123456`, UTC. */
function formatTime(timeUs: number): string {
  const ms = Math.floor(timeUs / 1000);
  const micros = String(timeUs % 1000).padStart(3, '0');
  return `${new Date(ms).toISOString().slice(11, 23)}${micros}`;
}

/** Every client of a unix socket has the server's own path for an address. */
function formatClient({ client = '', db }: MonitorEntry): string {
  const address = client.startsWith('unix:') ? 'unix' : escapeBytes(client);
  return db === 0 ? address : `${address} db${db}`;
}

/** The first of many, and how many are left out. */
function limited<T>(items: readonly T[], show: (item: T) => string, { full }: FormatOptions): string[] {
  const shown = (full ? items : items.slice(0, MAX_ARGUMENTS)).map(show);
  const left = items.length - shown.length;
  return left === 0 ? shown : [...shown, `… ${left} more arguments`];
}

function formatParameter({ name, value, isKey }: Parameter, options: FormatOptions): string {
  const bare = isKey || INTEGER.test(value);
  const text = bare ? bytesAsWord(value, options.full) : quoteBytes(value, options.full);
  return `${paint('name', name, options)}=${text}`;
}

function scriptName({ script, unknown }: ScriptCall, options: FormatOptions): string {
  if (script) return paint(script.origin, script.label, options);
  if ('sha1' in unknown)
    return paint('unknown', `unknown script ${bytesAsWord(unknown.sha1, options.full)}`, options);
  return formatCommand(unknown.words, 'unknown', options);
}

function formatCommand(words: readonly string[], style: keyof typeof STYLES, options: FormatOptions): string {
  const [command = '', ...rest] = words;
  const name = paint(style, bytesAsWord(command, options.full), options);
  return [name, ...limited(rest, (word) => bytesAsWord(word, options.full), options)].join(' ');
}

/** A line for a client's command: `12:50:11.123456 127.0.0.1:4242 publish channel={channel:a} data="hello"`. */
export function formatCall(entry: MonitorEntry, call: Call, options: FormatOptions): string {
  const head = paint('time', `${formatTime(entry.timeUs)} ${formatClient(entry)}`, options);
  if (call.kind === 'command') return `${head} ${formatCommand(call.words, 'command', options)}\n`;
  const parameters = limited(call.parameters, (parameter) => formatParameter(parameter, options), options);
  return `${[head, scriptName(call, options), ...parameters].join(' ')}\n`;
}

/** A line for a command that a script ran. */
export function formatInner(entry: MonitorEntry, options: FormatOptions): string {
  return `${INDENT}${formatCommand(entry.words, 'inner', options)}\n`;
}
