import { sendCommand } from '../control.ts';
import { EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { runDirAt } from '../run-dir.ts';

/** Makes a running `njchan up` read its configuration again. */
export async function reload(values: OptionValues): Promise<number> {
  const { ok, lines } = await sendCommand(runDirAt(values['run-dir']).controlSocket, 'reload');
  for (const line of lines) process.stderr.write(`${line}\n`);
  if (!ok) {
    process.stderr.write('njchan: not reloaded, the old configuration stays in force\n');
    return EXIT.refused.code;
  }
  process.stdout.write('njchan: reloaded\n');
  return EXIT.ok.code;
}
