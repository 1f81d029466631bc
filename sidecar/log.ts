import pino from 'pino';
import { LOG_CODES, type LogCodeName } from './log-codes.ts';

export type Logger = pino.Logger;

/** Control characters, which could forge a line or drive a terminal. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Those of them that JSON leaves as they are. */
const UNSAFE_IN_JSON = /[\u007f-\u009f\u2028\u2029]/g;

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Text with control characters escaped, for values that a client had a say in. */
export function printable(text: string): string {
  return text.replace(UNSAFE, escaped);
}

/** Levels that can be asked for: this one and all after it are written. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** An error as it is logged. Whatever else it carries stays out: the command of one of Redis's has the message in it. */
interface LoggedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
}

function loggedError(error: unknown): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error), stack: '' };
  const { name, message, stack = '', cause } = error;
  const why = cause instanceof Error ? ` (${cause.name}: ${cause.message})` : '';
  return { type: name, message: `${message}${why}`, stack };
}

/** The frames of a stack on one line. */
function frames(stack: string): string {
  const lines = stack.split('\n').filter((line) => /^\s+at /.test(line));
  return lines.map((line) => line.trim()).join(' ');
}

/** Writes one readable line an entry: `2026-11-21 07:33:57 warn sidecar: message [code: what to do] key=value`. */
function humanStream(stream: NodeJS.WritableStream): pino.DestinationStream {
  return {
    write(line: string): void {
      const { time, level, msg, name, code, cure, err, ...rest } = JSON.parse(line) as Record<
        string,
        unknown
      >;
      const when = new Date(time as number).toISOString().replace('T', ' ').slice(0, 19);
      const label = pino.levels.labels[level as number] ?? String(level);
      const advice = code === undefined ? '' : ` [${code}: ${cure}]`;
      const pairs = Object.entries(rest).map(([key, value]) => ` ${key}=${printable(String(value))}`);
      const error = err as LoggedError | undefined;
      const trace = error
        ? ` ${printable(`${error.type}: ${error.message} ${frames(error.stack)}`.trim())}`
        : '';
      stream.write(`${when} ${label} ${name}: ${printable(String(msg))}${advice}${pairs.join('')}${trace}\n`);
    },
  };
}

/** Writes pino's entries, whose strings are all that can have such characters. */
function jsonStream(stream: pino.DestinationStream | NodeJS.WritableStream): pino.DestinationStream {
  return { write: (line) => void stream.write(line.replace(UNSAFE_IN_JSON, escaped)) };
}

/**
 * A logger to standard error.
 * @param name which process of njchan speaks
 * @param stream in the place of standard error, for tests
 */
export function createLogger(
  name: string,
  format: 'human' | 'json',
  level: LogLevel = 'info',
  stream?: NodeJS.WritableStream,
): Logger {
  const options: pino.LoggerOptions = { name, level, base: { name }, serializers: { err: loggedError } };
  if (format === 'json')
    return pino(options, jsonStream(stream ?? pino.destination({ dest: 2, sync: true })));
  return pino(options, humanStream(stream ?? process.stderr));
}

/**
 * Logs a fault, with what is to be done about it. Nothing else in njchan logs warnings and errors.
 * @param fields what the line is about; what a client had a say in is escaped by the logger's format
 */
export function logFault(
  log: Logger,
  code: LogCodeName,
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  const { level, cure } = LOG_CODES[code];
  log[level]({ code, cure, ...fields }, message);
}
