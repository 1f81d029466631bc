import pino from 'pino';

export type Logger = pino.Logger;

/** Control characters, which could forge a line or drive a terminal. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/** Text with control characters escaped, for values that a client had a say in. */
export function printable(text: string): string {
  return text.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Writes one readable line an entry: `2026-11-21 07:33:57 warn sidecar: message key=value`. */
function humanStream(stream: NodeJS.WritableStream): pino.DestinationStream {
  return {
    write(line: string): void {
      const { time, level, msg, name, err, ...rest } = JSON.parse(line) as Record<string, unknown>;
      const when = new Date(time as number).toISOString().replace('T', ' ').slice(0, 19);
      const label = pino.levels.labels[level as number] ?? String(level);
      const pairs = Object.entries(rest).map(([key, value]) => ` ${key}=${printable(String(value))}`);
      const stack = (err as { stack?: string } | undefined)?.stack;
      stream.write(
        `${when} ${label} ${name}: ${printable(String(msg))}${pairs.join('')}\n${stack ? `${stack}\n` : ''}`,
      );
    },
  };
}

/** A logger to standard error. `name` says which process of njchan speaks. */
export function createLogger(name: string, format: 'human' | 'json'): Logger {
  const options: pino.LoggerOptions = { name, base: { name } };
  if (format === 'json') return pino(options, pino.destination({ dest: 2, sync: true }));
  return pino(options, humanStream(process.stderr));
}
