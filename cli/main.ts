/** The `njchan` command: reads the command line and runs the command. */
import { check } from './commands/check.ts';
import { compileCommand } from './commands/compile.ts';
import { redisCheck } from './commands/redis-check.ts';
import { reload } from './commands/reload.ts';
import { status } from './commands/status.ts';
import { trace } from './commands/trace.ts';
import { up } from './commands/up.ts';
import { CliError, EXIT } from './exit-codes.ts';
import { type CommandName, helpText, type OptionValues, parse } from './options.ts';
import { VERSION } from './package-files.ts';

const HANDLERS: Record<CommandName, (values: OptionValues) => Promise<number>> = {
  up,
  compile: compileCommand,
  check,
  reload,
  status,
  trace,
  'redis-check': (values) => redisCheck(values),
};

/** Nobody reads what we print: `njchan compile FILE | head`, or a terminal that was closed. No failure of ours. */
const READER_IS_GONE = new Set(['EPIPE', 'EIO']);

/**
 * Runs a command line.
 * @param argv - without node and the script
 * @returns the exit status; see EXIT
 */
export async function main(argv: readonly string[]): Promise<number> {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!READER_IS_GONE.has(error.code ?? '')) throw error;
    });
  }
  try {
    const parsed = parse(argv);
    if (parsed.kind === 'run') return await HANDLERS[parsed.command](parsed.values);
    process.stdout.write(parsed.kind === 'version' ? `njchan ${VERSION}\n` : helpText(parsed.command));
    return EXIT.ok.code;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT[error.exit].code;
  }
}
