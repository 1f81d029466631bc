import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileForRunDir, formatProblem, testCompiled } from '../configuration.ts';
import { EXIT } from '../exit-codes.ts';
import { findNginx } from '../nginx-binary.ts';
import type { OptionValues } from '../options.ts';
import { makeSidecarDirs, runDirAt } from '../run-dir.ts';

/** Compiles and lets nginx test the result, in a directory of its own. */
export async function check(values: OptionValues): Promise<number> {
  const file = values.config as string;
  const nginx = await findNginx();
  const parent = mkdtempSync(join(tmpdir(), 'njchan-check-'));
  try {
    const dir = runDirAt(parent);
    const { config, notices, locations } = compileForRunDir(file, nginx, dir, 0);
    for (const notice of notices) process.stderr.write(`${formatProblem(notice)}\n`);
    mkdirSync(dir.temp);
    makeSidecarDirs(dir, undefined);
    writeFileSync(dir.nginxConfig, config, { mode: 0o600 });
    for (const warning of await testCompiled(nginx, dir.nginxConfig)) process.stderr.write(`${warning}\n`);
    process.stdout.write(
      `${file}: good, ${locations} location${locations === 1 ? '' : 's'} with Nchan's directives\n`,
    );
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
  return EXIT.ok.code;
}
