import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { compileFile, formatProblem, writeTokenKeys } from '../configuration.ts';
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

/** What the keys of tokens are written to, beside --output. */
const TOKEN_KEYS_SUFFIX = '.token-keys.json';

/** Prints the compiled configuration, or writes it to --output, with the keys of tokens beside it. */
export async function compileCommand(values: OptionValues): Promise<number> {
  const module = await jsModule();
  const dir = runDirAt(values['run-dir']);
  const { output } = values;
  const tokenKeysFile = output === undefined ? dir.tokenKeys(0) : resolve(`${output}${TOKEN_KEYS_SUFFIX}`);
  const compiled = compileFile({
    file: values.config as string,
    sidecar: { socket: dir.sidecarSocket },
    tokenKeysFile,
    ...(module ? { jsModule: module } : {}),
  });
  const { config, notices } = compiled;
  for (const notice of notices) process.stderr.write(`${formatProblem(notice)}\n`);
  if (output === undefined) {
    process.stdout.write(config);
    if (compiled.tokenKeys !== undefined) {
      process.stderr.write(
        'njchan: the keys of tokens are not printed; --output writes them beside the file\n',
      );
    }
    return EXIT.ok.code;
  }
  try {
    writeTokenKeys(tokenKeysFile, compiled);
    writeFileSync(output, config);
  } catch (error) {
    throw new CliError('refused', `njchan: cannot write the output: ${(error as Error).message}`);
  }
  return EXIT.ok.code;
}
