import { sendCommand } from '../control.ts';
import { CliError, EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { type RunDir, runDirAt } from '../run-dir.ts';
import { sidecarAilment } from '../sidecar-probe.ts';

/** Longer than `up` waits for its sidecar's answer. */
const STATUS_DEADLINE_MS = 4_000;

async function fault(dir: RunDir, values: OptionValues): Promise<string | undefined> {
  if (!values.sidecar) {
    const { serving } = await sendCommand(dir.controlSocket, 'status', STATUS_DEADLINE_MS);
    if (!serving) return 'njchan is starting or stopping';
  }
  const ailment = await sidecarAilment(dir.sidecarSocket, values.live ? 'live' : 'ready');
  if (ailment === 'silent') return `the sidecar does not answer on ${dir.sidecarSocket}`;
  return ailment && `the sidecar is not ready: ${ailment.failed.join(', ')}`;
}

/** Ends with status 0 when requests are served; else says why they are not. Asks what `njchan_health` asks. */
export async function health(values: OptionValues): Promise<number> {
  const found = await fault(runDirAt(values['run-dir']), values);
  if (found) throw new CliError('refused', `njchan: ${found}`);
  process.stdout.write('njchan: healthy\n');
  return EXIT.ok.code;
}
