/** A subscriber that comes back with the last id that it got, whenever and however it was cut off. */
import type { Bookmark, Received, Transport } from '../properties/transports.ts';
import { RawConnection } from '../support/raw-http.ts';
import { sleep } from '../support/wait.ts';
import { unpadded } from './publisher.ts';

/** Milliseconds before it comes back, and between polls that brought nothing. */
const COME_BACK_MS = 50;

/** In what the transports throw. */
const REFUSAL = /HTTP\/1\.1 503/;

/** The same for one that nothing came over for a while. */
const SILENCE = /^waited \d+ ms for/;

export class Subscriber {
  readonly transport: Transport;
  readonly channel: string;
  /** All bodies, in the order in which they came. */
  readonly bodies: string[] = [];
  /** Why it lost its connection, one for each time. */
  readonly losses: string[] = [];
  /** How often it was refused with 503 when it asked. */
  refusals = 0;
  /** How often its own client cut it off. */
  cuts = 0;
  readonly #port: number;
  readonly #waiting = new Map<string, () => void>();
  #bookmark: Bookmark = {};
  #connection: RawConnection | undefined;
  /** Its own client has just cut it off, which is no loss. */
  #isCut = false;
  #done = false;

  constructor(port: number, transport: Transport, channel: string) {
    this.#port = port;
    this.transport = transport;
    this.channel = channel;
  }

  /** Subscribes again and again until `end`. */
  async live(): Promise<void> {
    while (!this.#done) {
      try {
        this.#connection = await RawConnection.open(this.#port);
        await this.#stay(this.#connection);
      } catch (error) {
        if (this.#done) return;
        const { message } = error as Error;
        if (REFUSAL.test(message)) this.refusals += 1;
        else if (!this.#isCut) this.losses.push(message.slice(0, 200));
        this.#isCut = false;
        await sleep(COME_BACK_MS);
      } finally {
        this.#connection?.destroy();
      }
    }
  }

  /** Resolves when it has got this message, whenever that was. */
  got(body: string): Promise<void> {
    if (this.bodies.includes(body)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.set(body, resolve));
  }

  /** Its client loses its connection, if it has one, and comes back with the last id that it got. */
  cut(): void {
    if (!this.#connection || this.#connection.closed || this.#done) return;
    this.cuts += 1;
    this.#isCut = true;
    this.#connection.reset();
  }

  end(): void {
    this.#done = true;
    this.#connection?.destroy();
  }

  async #stay(connection: RawConnection): Promise<void> {
    const { transport } = this;
    let asked = false;
    while (!this.#done) {
      if (!asked || transport.polls) await this.#ask(connection);
      asked = true;
      const received = await this.#read(connection);
      if (!received) {
        await sleep(COME_BACK_MS);
        continue;
      }
      const body = unpadded(received.body);
      this.bodies.push(body);
      if (received.bookmark) this.#bookmark = received.bookmark;
      this.#waiting.get(body)?.();
      this.#waiting.delete(body);
    }
  }

  /** Silence is no loss. */
  async #read(connection: RawConnection): Promise<Received | undefined> {
    for (;;) {
      try {
        return await this.transport.read(connection);
      } catch (error) {
        if (connection.closed || this.#done || !SILENCE.test((error as Error).message)) throw error;
      }
    }
  }

  async #ask(connection: RawConnection): Promise<void> {
    const { location, headers, begin } = this.transport;
    const bookmark = Object.entries(this.#bookmark).map(([name, value]) => `${name}: ${value}`);
    const lines = [`GET ${location}/${this.channel} HTTP/1.1`, 'Host: x', ...headers, ...bookmark];
    connection.send(`${lines.join('\r\n')}\r\n\r\n`);
    await begin(connection);
  }
}
