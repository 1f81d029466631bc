/** A command that somebody waits for. */
import type { Script } from '../../../lua/hsss/script.ts';
import type { Server } from './server.ts';

export interface Call {
  /** For the figures: the script's name, or the command. */
  readonly name: string;
  /** Undefined for PUBLISH. */
  readonly script: Script | undefined;
  readonly args: readonly (string | Buffer)[];
  /** Of its first key, in a cluster and elsewhere. */
  readonly slot: number;
  /** It may be sent again when nobody knows whether it ran. */
  readonly repeatable: boolean;
  /** What it holds in memory, roughly. */
  readonly bytes: number;
  /** Calls are sent in this order. */
  readonly order: number;
  /** When it began to wait, on the clock of performance.now; undefined if it never had to. */
  waitingSince: number | undefined;
  /** How often it was sent. */
  attempts: number;
  /** Why it was sent in vain the last time. */
  refused: string | undefined;
  /** The server that its slot is on its way to, and that this call was sent on to. */
  asking: Server | undefined;
  readonly resolve: (reply: unknown) => void;
  readonly reject: (error: Error) => void;
}
