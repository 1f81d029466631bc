/** The user that nginx's workers and the sidecar run as, when the command runs as root. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { exec } from './exec.ts';
import { CliError } from './exit-codes.ts';

export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const SEARCH_BITS = { owner: 0o100, group: 0o010, others: 0o001 } as const;

async function groupId(name: string): Promise<number | undefined> {
  const { status, stdout } = await exec('getent', ['group', name]);
  return status === 0 ? Number(stdout.split(':')[2]) : undefined;
}

/**
 * Looks up a user as nginx does: the group named, else the group of the user's name. For `nobody`, whose group has
 * another name on Debian, nginx was built with `nogroup` then.
 * @throws CliError `refused` when there is no such user or group
 */
export async function resolveAccount(user: { name: string; group?: string }): Promise<Account> {
  const { status, stdout } = await exec('id', ['-u', user.name]);
  if (status !== 0) {
    throw new CliError('refused', `njchan: there is no user "${user.name}" for nginx's workers to run as`);
  }
  const candidates = user.group ? [user.group] : user.name === 'nobody' ? ['nobody', 'nogroup'] : [user.name];
  for (const name of candidates) {
    const gid = await groupId(name);
    if (gid !== undefined) return { name: user.name, uid: Number(stdout), gid };
  }
  throw new CliError(
    'refused',
    `njchan: there is no group "${candidates.join('" or "')}" for nginx's workers`,
  );
}

/**
 * The outermost of `dir` and its parents that the account may not enter, by the permission bits of owner, group and
 * others; undefined when it may enter all.
 */
export function firstClosedDirectory(dir: string, account: Account): string | undefined {
  const parent = dirname(dir);
  const closedAbove = parent === dir ? undefined : firstClosedDirectory(parent, account);
  if (closedAbove || account.uid === 0) return closedAbove;
  const { mode, uid, gid } = statSync(dir);
  const who = uid === account.uid ? 'owner' : gid === account.gid ? 'group' : 'others';
  return mode & SEARCH_BITS[who] ? undefined : dir;
}
