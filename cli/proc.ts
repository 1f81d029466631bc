/** What /proc says about processes that are not our children. */
import { readdirSync, readFileSync } from 'node:fs';

/** The command line with spaces between the arguments, or `` when there is no such process. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** The processes of a process group, without those that ended and wait for their parent to notice. */
export function processGroup(group: number): number[] {
  return living(({ processGroup }) => processGroup === group);
}

/** The child processes of a process, without those that ended. */
export function childrenOf(pid: number): number[] {
  return living(({ parent }) => parent === pid);
}

interface Stat {
  readonly state: string;
  readonly parent: number;
  readonly processGroup: number;
}

const ZOMBIE = 'Z';

function living(matches: (stat: Stat) => boolean): number[] {
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => {
    const stat = readStat(pid);
    return stat && stat.state !== ZOMBIE && matches(stat);
  });
}

/** Undefined when there is no such process. */
function readStat(pid: number): Stat | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // The name comes before, in parentheses, and may hold both spaces and parentheses.
  const [state = '', parent, processGroup] = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state, parent: Number(parent), processGroup: Number(processGroup) };
}
