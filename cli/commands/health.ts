import { sendCommand } from '../control.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { type RunDir, runDirAt } from '../run-dir.ts';
import { sidecarAnswers } from '../sidecar-probe.ts';

/** Longer than `up` waits for its sidecar's answer. */
const STATUS_DEADLINE_MS = 4_000;

async function fault(dir: RunDir, sidecarAlone: boolean): Promise<string | undefined> {
  const silent = `the sidecar does not answer on ${dir.sidecarSocket}`;
  if (sidecarAlone) return (await sidecarAnswers(dir.sidecarSocket)) ? undefined : silent;
  const { serving, sidecar } = await sendCommand(dir.controlSocket, 'status', STATUS_DEADLINE_MS);
  if (!serving) return 'njchan is starting or stopping';
  return sidecar.answers ? undefined : silent;
}

/** Ends with status 0 when requests are served; else says why they are not. */
export async function health(values: OptionValues): Promise<number> {
  const found = await fault(runDirAt(values['run-dir']), values.sidecar ?? false);
  if (found) throw new CliError('refused', `njchan: ${found}`);
  process.stdout.write('njchan: healthy\n');
  return EXIT.ok.code;
}
