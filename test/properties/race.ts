/**
 * A race: publishers send bursts without waiting for anybody, and subscribers of each transport come and go.
 */
import { request } from '../support/raw-http.ts';
import { sleep } from '../support/wait.ts';
import { Ledger, label } from './ledger.ts';
import type { Plan, Step } from './plan.ts';
import { publish } from './publisher.ts';
import { Subscriber } from './subscriber.ts';
import { TRANSPORTS, type Transport } from './transports.ts';
import { faultsOf, History } from './verdict.ts';

/** A message that the buffer holds until another publisher wants it shorter. */
const MARK = { over: 'http', length: 1000, timeoutSeconds: 3600, paddings: [0] } as const;

/** A race that was run. */
export interface Outcome {
  readonly subscribers: readonly Subscriber[];
  /** By the channels' names. */
  readonly histories: ReadonlyMap<string, History>;
}

/** The server that the races are run against. */
export interface Server {
  readonly port: number;
  readonly sidecarPid: number;
  /** See History. */
  readonly readsLate?: boolean;
}

let races = 0;

class Race {
  readonly #server: Server;
  readonly #ledger = new Ledger();
  readonly #plan: Plan;
  /** By their places in the plan. */
  readonly #channels: readonly string[];
  readonly #subscribers: readonly Subscriber[];
  readonly #bursts: Promise<void>[] = [];
  /** Rejects when a burst fails. */
  readonly #failure: Promise<never>;
  #fail = (_reason: unknown): void => {};

  constructor(server: Server, plan: Plan) {
    this.#server = server;
    this.#plan = plan;
    const number = races++;
    this.#channels = Array.from({ length: plan.channels }, (_, place) => `race${number}-${place}`);
    this.#subscribers = plan.subscribers.map(({ channels, leaves }, place) => {
      const names = channels.map((channel) => this.#channels[channel] as string);
      return new Subscriber(
        server.port,
        this.#ledger,
        TRANSPORTS[place % TRANSPORTS.length] as Transport,
        names,
        leaves,
      );
    });
    this.#failure = new Promise<never>((_, reject) => {
      this.#fail = reject;
    });
    this.#failure.catch(() => {}); // whoever waits for it sees it
  }

  async run(): Promise<Outcome> {
    const lives = this.#subscribers.map((subscriber) => subscriber.live());
    try {
      await Promise.all([this.#conduct(), ...lives]);
    } finally {
      for (const subscriber of this.#subscribers) subscriber.end();
      for (const channel of this.#channels) {
        await request(this.#server.port, 'DELETE', `/pub/${channel}?length=1&timeout=1s`);
      }
    }
    const { readsLate } = this.#server;
    const histories = this.#channels.map(
      (name) => [name, new History(this.#ledger.of(name), readsLate)] as const,
    );
    return { subscribers: this.#subscribers, histories: new Map(histories) };
  }

  async #conduct(): Promise<void> {
    for (const step of this.#plan.steps) await this.#do(step);
    await this.#catchUp();
    for (const subscriber of this.#subscribers) subscriber.end();
  }

  async #do(step: Step): Promise<void> {
    if (step.do === 'burst') {
      const channel = this.#channels[step.burst.channel] as string;
      const burst = publish(this.#server.port, this.#ledger, { ...step.burst, channel });
      burst.catch(this.#fail);
      this.#bursts.push(burst);
    } else if (step.do === 'await answers') {
      await Promise.race([this.#ledger.answers(step.count), this.#failure]);
    } else if (step.do === 'catch up') await this.#catchUp();
    else if (step.do === 'cut') for (const who of step.who) this.#subscribers[who]?.cut(step.how, step.away);
    else if (step.do === 'stall') for (const who of step.who) this.#subscribers[who]?.stall();
    else if (step.do === 'resume') for (const subscriber of this.#subscribers) subscriber.resume();
    else if (step.do === 'freeze') this.#freeze(step.ms);
    else await sleep(step.ms);
  }

  #freeze(ms: number): void {
    const { sidecarPid } = this.#server;
    process.kill(sidecarPid, 'SIGSTOP');
    setTimeout(() => process.kill(sidecarPid, 'SIGCONT'), ms);
  }

  /** Nothing is on its way when the marks are sent, so that nothing takes them out of the buffer. */
  async #catchUp(): Promise<void> {
    await Promise.all(this.#bursts);
    for (const subscriber of this.#subscribers) subscriber.resume();
    await Promise.all(
      this.#channels.map((channel) => publish(this.#server.port, this.#ledger, { ...MARK, channel })),
    );
    const marks = new Map(this.#channels.map((channel) => [channel, this.#ledger.of(channel).at(-1)?.body]));
    await Promise.all(
      this.#subscribers.map((subscriber) =>
        subscriber.reached(subscriber.channels.map((channel) => marks.get(channel) as string)),
      ),
    );
  }
}

/**
 * Runs a plan on channels of its own; in the end every subscriber has the last message of each of its channels.
 * @throws Error when one does not get there, or publishing fails
 */
export function run(server: Server, plan: Plan): Promise<Outcome> {
  return new Race(server, plan).run();
}

/** What is wrong with a race, in words. */
export function faultsOfRace({ subscribers, histories }: Outcome): string[] {
  const faults = [...histories].flatMap(([channel, history]) =>
    history.faults().map((fault) => `${channel}: ${fault}`),
  );
  for (const { transport, channels, visits } of subscribers) {
    const own = channels.map((channel) => histories.get(channel) as History);
    const who = `${transport.name} of ${channels}`;
    faults.push(...faultsOf(own, visits, transport.resumes).map((fault) => `${who}: ${fault}`));
  }
  return faults;
}

/** Subscribers that did not get every message of each of their channels, once more for each time that they began anew. */
export function gapsOf({ subscribers, histories }: Outcome): string[] {
  return subscribers.flatMap(({ transport, channels, visits }) => {
    const sessions = transport.resumes
      ? [visits.flatMap(({ arrivals }) => arrivals)]
      : visits.map(({ arrivals }) => arrivals);
    return channels.flatMap((channel) => {
      const { publications } = histories.get(channel) as History;
      const everything = publications.map(({ body }) => label(body));
      const bodies = new Set(publications.map(({ body }) => body));
      return sessions.flatMap((session) => {
        const got = session.filter(({ body }) => bodies.has(body)).map(({ body }) => label(body));
        const due = everything.slice(0, transport.resumes ? everything.length : got.length);
        return got.join() === due.join()
          ? []
          : [`${transport.name} of ${channels} got ${got} and not ${due}`];
      });
    });
  });
}
