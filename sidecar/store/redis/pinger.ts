/** Checks that a server works both ways: what is sent on one connection arrives on the other. */
import { after, every } from '../../timers.ts';

let pingers = 0;

export interface PingerOptions {
  /** 0 sends none. */
  readonly intervalSeconds: number;
  /** Milliseconds that a ping may take. */
  readonly deadlineMs: number;
  /** @returns false when it cannot be sent now. */
  send(ping: Buffer): boolean;
  /** A ping did not arrive. */
  missed(why: Error): void;
}

export class Pinger {
  readonly #options: PingerOptions;
  /** The servers of a cluster pass on each other's pings, so each has its own. */
  readonly #ping = Buffer.from(`ping ${++pingers}`);
  readonly #interval: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: PingerOptions) {
    this.#options = options;
    if (options.intervalSeconds > 0) this.#interval = every(options.intervalSeconds, () => this.#send());
  }

  /** Something arrived where pings do. */
  arrived(message: Buffer): void {
    if (message.equals(this.#ping)) this.#clear();
  }

  /** A connection was lost, and with it perhaps the ping that is on its way: nobody waits for that any more. */
  connectionLost(): void {
    this.#clear();
  }

  close(): void {
    clearInterval(this.#interval);
    this.#clear();
  }

  #send(): void {
    if (!this.#options.send(this.#ping)) return;
    const { deadlineMs } = this.#options;
    this.#deadline ??= after(deadlineMs, () => {
      this.#clear();
      this.#options.missed(new Error(`no announcement arrived for ${deadlineMs} ms after one was sent`));
    });
  }

  #clear(): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
  }
}
