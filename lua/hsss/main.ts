/** The `hsss` command. */
import { readFileSync, writeFileSync } from 'node:fs';
import { VERSION } from '../../cli/package-files.ts';
import { type Run, readCommandLine, UsageError } from './command-line.ts';
import { emitC } from './emit-c.ts';
import { emitTypeScript } from './emit-typescript.ts';
import { HsssError } from './hsss-error.ts';
import { EXIT, helpText } from './options.ts';
import { reasonOf } from './source-file.ts';
import { splinter } from './splinter.ts';

/** Something else than a script is in the way; the message is all that the user reads. */
class RefusedError extends Error {}

/** Nobody reads what we print: `hsss … | head`, or a terminal that was closed. No failure of ours. */
const READER_IS_GONE = new Set(['EPIPE', 'EIO']);

/**
 * Runs a command line. Nothing is written unless all is well.
 * @param argv - without node and the script
 * @returns the exit status; see EXIT
 */
export function main(argv: readonly string[]): number {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (!READER_IS_GONE.has(error.code ?? '')) throw error;
    });
  }
  try {
    const commandLine = readCommandLine(argv);
    if (commandLine.kind === 'run') run(commandLine);
    else process.stdout.write(commandLine.kind === 'version' ? `hsss ${VERSION}\n` : helpText());
    return EXIT.ok.code;
  } catch (error) {
    if (error instanceof UsageError) return failure(error, EXIT.usage.code);
    if (error instanceof HsssError || error instanceof RefusedError) return failure(error, EXIT.refused.code);
    throw error;
  }
}

function failure({ message }: Error, code: number): number {
  process.stderr.write(`${message}\n`);
  return code;
}

function run({ files, splinter: options, settings, output, check }: Run): void {
  const scripts = splinter(files, options);
  const made =
    settings.language === 'c'
      ? emitC(scripts, files, settings)
      : Buffer.from(emitTypeScript(scripts, settings), 'utf8');
  if (check !== undefined) compare(check, made);
  else if (output === undefined) process.stdout.write(made);
  else write(output, made);
}

function compare(file: string, made: Buffer): void {
  let found: Buffer;
  try {
    found = readFileSync(file);
  } catch (error) {
    throw new RefusedError(`hsss: cannot read ${file}: ${reasonOf(error)}`);
  }
  if (!found.equals(made))
    throw new RefusedError(`hsss: ${file} is out of date: make it anew with -o ${file}`);
}

function write(file: string, made: Buffer): void {
  try {
    writeFileSync(file, made);
  } catch (error) {
    throw new RefusedError(`hsss: cannot write ${file}: ${reasonOf(error)}`);
  }
}
