/** A publisher that sends one message after the other, and remembers how each was answered. */
import { Agent, request } from 'node:http';
import { atEnd } from '../support/cleanup.ts';
import { sleep } from '../support/wait.ts';

/** What became of a message: 'unknown' is any answer but 2xx, and none, or one while nothing was promised. */
export type Fate = 'accepted' | 'unknown';

/** Milliseconds after a refusal before the next message is sent. */
const PAUSE_MS = 20;

/** Each of so many messages is larger than what is announced in full (nchan_redis_publish_msgpacked_max_size). */
const LARGE_EVERY = 10;
const PADDING = '.'.repeat(6000);

/** Without the padding of large messages. */
export function unpadded(body: string): string {
  return body.replace(/\.+$/, '');
}

/** Milliseconds after which nobody waits for an answer any more. */
const ANSWER_DEADLINE_MS = 20_000;

export class Publisher {
  readonly channel: string;
  /** By body, in the order in which they were sent. */
  readonly fates = new Map<string, Fate>();
  /** How often each status was answered; 0 stands for no answer. */
  readonly statuses = new Map<number, number>();
  /** What is accepted now may be lost. */
  doubted = false;
  readonly #name: string;
  readonly #port: number;
  readonly #large: boolean;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  #sent = 0;

  /** @param large sends large messages, too. */
  constructor(name: string, port: number, channel: string, large = false) {
    this.#name = name;
    this.#large = large;
    this.#port = port;
    this.channel = channel;
    atEnd(() => this.#agent.destroy());
  }

  get accepted(): number {
    return [...this.fates.values()].filter((fate) => fate === 'accepted').length;
  }

  /** Sends until `done` says so, which is asked before each message. */
  async run(done: (sent: number) => boolean): Promise<void> {
    while (!done(this.#sent)) {
      const fate = await this.publish(`${this.#name}:${this.#sent++}`);
      if (fate === 'unknown') await sleep(PAUSE_MS);
    }
  }

  /** Sends one message. */
  async publish(body: string): Promise<Fate> {
    const { doubted } = this;
    const isLarge = this.#large && this.fates.size % LARGE_EVERY === LARGE_EVERY - 1;
    const status = await this.#post(isLarge ? `${body}${PADDING}` : body);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    const accepted = status >= 200 && status < 300;
    const fate = accepted ? 'accepted' : 'unknown';
    this.fates.set(body, doubted || this.doubted ? 'unknown' : fate);
    return fate;
  }

  #post(body: string): Promise<number> {
    return new Promise((resolve) => {
      const post = request(
        {
          host: '127.0.0.1',
          port: this.#port,
          path: `/pub/${this.channel}`,
          method: 'POST',
          agent: this.#agent,
          headers: { 'Content-Length': body.length },
          timeout: ANSWER_DEADLINE_MS,
        },
        (response) => {
          response.resume();
          response.on('close', () => resolve(response.statusCode as number));
        },
      );
      post.on('timeout', () => post.destroy());
      post.on('error', () => resolve(0));
      post.end(body);
    });
  }
}
