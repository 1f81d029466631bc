import { writeFileSync } from 'node:fs';
import { compileFile, formatProblem } from '../configuration.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import { findNginx } from '../nginx-binary.ts';
import type { OptionValues } from '../options.ts';
import { runDirAt } from '../run-dir.ts';

/** The njs module, for the load_module line; compiling works without nginx, the line is then up to the user. */
async function jsModule(): Promise<string | undefined> {
  try {
    return (await findNginx()).jsModule;
  } catch (error) {
    if (error instanceof CliError && error.exit === 'nginxMissing') return undefined;
    throw error;
  }
}

/** Prints the compiled configuration, or writes it to --output. */
export async function compileCommand(values: OptionValues): Promise<number> {
  const module = await jsModule();
  const { config, notices } = compileFile({
    file: values.config as string,
    sidecar: { socket: runDirAt(values['run-dir']).sidecarSocket },
    ...(module ? { jsModule: module } : {}),
  });
  for (const notice of notices) process.stderr.write(`${formatProblem(notice)}\n`);
  if (values.output === undefined) {
    process.stdout.write(config);
    return EXIT.ok.code;
  }
  try {
    writeFileSync(values.output, config);
  } catch (error) {
    throw new CliError('refused', `njchan: cannot write the output: ${(error as Error).message}`);
  }
  return EXIT.ok.code;
}
