import { createLogger } from '../../sidecar/log.ts';
import { greeting, urlOf } from '../greeting.ts';
import { findNginx } from '../nginx-binary.ts';
import type { OptionValues } from '../options.ts';
import { runDirAt } from '../run-dir.ts';
import { Supervisor } from '../supervisor.ts';

/** Runs nginx and the sidecar until they are stopped. */
export async function up(values: OptionValues): Promise<number> {
  const file = values.config as string;
  const logFormat = values['log-format'] ?? 'human';
  const logLevel = values['log-level'];
  const log = createLogger('njchan', logFormat, logLevel);
  const dir = runDirAt(values['run-dir']);
  const nginx = await findNginx();
  const supervisor = new Supervisor({
    file,
    dir,
    nginx,
    logFormat,
    logLevel,
    ownSidecar: !values['without-sidecar'],
    log,
    onServing: (compiled) => {
      if (logFormat === 'json') log.info({ file, urls: compiled.listens.map(urlOf) }, 'serving');
      else process.stdout.write(greeting(file, compiled));
    },
  });
  return supervisor.run();
}
