/** What a sidecar has in common with the one that ran in its place before, and with no other. */
import { createHash } from 'node:crypto';
import { readFileSync, realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';

/** Where systems keep the name that they chose when they were installed; containers mostly have none. */
const MACHINE_IDS = ['/etc/machine-id', '/var/lib/dbus/machine-id'] as const;

/** Hexadecimal digits of a name. */
const NAME_LENGTH = 32;

/**
 * Names the run directory on this host. It tells nothing of the host to who reads it.
 * @param configFile in the run directory
 * @param host how hosts are told apart, for tests
 */
export function instanceName(configFile: string, host = hostFacts()): string {
  const directory = realpathSync(dirname(configFile));
  return createHash('sha256')
    .update([...host, directory].join('\n'))
    .digest('hex')
    .slice(0, NAME_LENGTH);
}

function hostFacts(): string[] {
  return [machineId(), hostname()];
}

function machineId(): string {
  for (const file of MACHINE_IDS) {
    try {
      return readFileSync(file, 'latin1').trim();
    } catch {
      // The next one, or the host's name alone.
    }
  }
  return '';
}
