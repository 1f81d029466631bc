import { type ProcessReport, type SidecarReport, type StatusReport, sendCommand } from '../control.ts';
import { EXIT } from '../exit-codes.ts';
import type { OptionValues } from '../options.ts';
import { runDirAt } from '../run-dir.ts';

const UNITS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const;

/** `2 h 5 min`: the two largest units that are not zero. */
function duration(seconds: number): string {
  const parts: string[] = [];
  let rest = seconds;
  for (const [unit, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}

function describeProcess({ pid, uptimeSeconds }: ProcessReport): string {
  return pid === undefined ? 'not running' : `pid ${pid}, up ${duration(uptimeSeconds ?? 0)}`;
}

function describeSidecar(sidecar: SidecarReport): string {
  if (sidecar.elsewhere) return `elsewhere, ${sidecar.answers ? 'answers' : 'does not answer'}`;
  return `${describeProcess(sidecar)}, restarts ${sidecar.restarts}`;
}

/** The rows of the table that people read. */
function rows(report: StatusReport): [string, string][] {
  const { nginx, sidecar, counts } = report;
  return [
    [
      'njchan',
      `${report.version}, ${describeProcess(report)}${report.serving ? '' : ', starting or stopping'}`,
    ],
    ['configuration', report.config],
    ['run directory', report.runDir],
    ['listens on', report.listens.join(', ') || '-'],
    ['locations', String(report.locations)],
    ['reloads', String(report.reloads)],
    ['nginx', `${nginx.version}, ${describeProcess(nginx)}`],
    ['sidecar', describeSidecar(sidecar)],
    ['channels', counts ? String(counts.channels) : sidecar.elsewhere ? '-' : 'the sidecar does not answer'],
    ['subscribers', counts ? String(counts.subscribers) : '-'],
    ['messages', counts ? `${counts.messages}, ${counts.bytes} bytes` : '-'],
  ];
}

/** Prints what a running `njchan up` knows about itself. */
export async function status(values: OptionValues): Promise<number> {
  const report = await sendCommand(runDirAt(values['run-dir']).controlSocket, 'status');
  if (values.json) {
    process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    return EXIT.ok.code;
  }
  const table = rows(report);
  const width = Math.max(...table.map(([label]) => label.length));
  process.stdout.write(table.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join(''));
  return EXIT.ok.code;
}
