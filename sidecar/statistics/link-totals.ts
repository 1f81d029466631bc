/** What the connections to a Redis upstream have done since the link to it was made, whichever servers it had. */
import { Histogram, SECONDS } from './histogram.ts';

export interface CommandTotal {
  errors: number;
  /** From sending to the reply. */
  readonly seconds: Histogram;
}

export class LinkTotals {
  /** By the names of scripts and commands: there are so many as the program has. */
  readonly commands = new Map<string, CommandTotal>();
  /** Commands that were answered, all together. */
  sent = 0;
  connected = 0;
  lost = 0;

  /** @param ms from sending to the reply. */
  count(name: string, ms: number, failed: boolean): void {
    let total = this.commands.get(name);
    if (!total) {
      total = { errors: 0, seconds: new Histogram(SECONDS) };
      this.commands.set(name, total);
    }
    total.seconds.observe(ms / 1000);
    if (failed) total.errors += 1;
    this.sent += 1;
  }
}
