/** The `njchan` command: reads the command line and runs the command. */
import { CliError, EXIT } from './exit-codes.ts';
import { type CommandName, helpText, type OptionValues, parse } from './options.ts';
import { VERSION } from './package-files.ts';

type Handler = (values: OptionValues) => Promise<number>;

/** Each loads only what it needs: health checks run every few seconds. */
const HANDLERS: Record<CommandName, () => Promise<Handler>> = {
  up: async () => (await import('./commands/up.ts')).up,
  compile: async () => (await import('./commands/compile.ts')).compileCommand,
  check: async () => (await import('./commands/check.ts')).check,
  reload: async () => (await import('./commands/reload.ts')).reload,
  status: async () => (await import('./commands/status.ts')).status,
  health: async () => (await import('./commands/health.ts')).health,
  trace: async () => (await import('./commands/trace.ts')).trace,
  'redis-check': async () => {
    const { redisCheck } = await import('./commands/redis-check.ts');
    return (values) => redisCheck(values);
  },
};

/** Nobody reads what we print: `njchan compile FILE | head`, or a terminal that was closed. No failure of ours. */
const READER_IS_GONE = new Set(['EPIPE', 'EIO']);

/**
 * Runs a command line.
 * @param argv - without node and the script
 * @returns the exit status; see EXIT
 */
export async function main(argv: readonly string[]): Promise<number> {
  let outputFailed = false;
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (READER_IS_GONE.has(error.code ?? '')) return;
    if (!outputFailed) process.stderr.write(`njchan: cannot write to standard output: ${error.message}\n`);
    outputFailed = true;
    // The error may come when the command is over.
    process.exitCode = EXIT.refused.code;
  });
  process.stderr.on('error', (error: NodeJS.ErrnoException) => {
    if (!READER_IS_GONE.has(error.code ?? '')) throw error;
  });
  try {
    const parsed = parse(argv);
    if (parsed.kind === 'run') {
      const code = await (await HANDLERS[parsed.command]())(parsed.values);
      return outputFailed && code === EXIT.ok.code ? EXIT.refused.code : code;
    }
    process.stdout.write(parsed.kind === 'version' ? `njchan ${VERSION}\n` : helpText(parsed.command));
    return EXIT.ok.code;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    process.stderr.write(`${error.message}\n`);
    return EXIT[error.exit].code;
  }
}
