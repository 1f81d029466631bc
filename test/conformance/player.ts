/** Plays the steps of a case against one server. */
import { untilSubscribers } from '../support/channel-figures.ts';
import { RawConnection } from '../support/raw-http.ts';
import { clientFrame, readFrame } from '../support/raw-websocket.ts';
import { sleep } from '../support/wait.ts';
import type { Application } from './application.ts';
import type { Case, ReadStep, RequestStep, Step } from './case.ts';
import { describeFrame } from './frames.ts';
import { Memory } from './memory.ts';
import { normalise, normaliseHeads, type Transcript } from './transcript.ts';

/** What a step waits for has long come after this time, or will not come. */
const STEP_DEADLINE_MS = 8_000;
/** How often a case whose messages did not fall into the seconds that it wants is played again. */
const ATTEMPTS = 6;
const SECOND_MS = 1_000;
/** In the first line of a request. */
const REQUESTED_TARGET = /^[A-Z]+ (\S+) HTTP\//;

/** Waits for the beginning of the next second. */
const untilNextSecond = (): Promise<void> => sleep(SECOND_MS - (Date.now() % SECOND_MS) + 5);

/** The server, or the servers, that a case is played on. */
export interface Stage {
  /** The port of the server that a target is for. */
  portOf(target: string): number;
  /** Waits until the channel that `target` tells about has so many subscribers. */
  untilSubscribers(target: string, count: number, deadlineMs: number): Promise<void>;
  /** Behind the server, for cases that ask it something. */
  readonly application?: Application | undefined;
}

/** One server for everything. */
export function stageOf(port: number, application?: Application): Stage {
  return {
    application,
    portOf: () => port,
    untilSubscribers: (target, count, deadlineMs) => untilSubscribers(port, target, count, deadlineMs),
  };
}

/** One playing of a case. */
class Play {
  readonly entries: string[] = [];
  /** All answers, also those that are not compared. */
  readonly answers: string[] = [];
  readonly #stage: Stage;
  readonly #case: Case;
  readonly #memory: Memory;
  readonly #connections = new Map<string, RawConnection>();

  constructor(stage: Stage, played: Case, channel: string) {
    this.#stage = stage;
    this.#case = played;
    this.#memory = new Memory(channel);
  }

  /** Does one step. @throws Error when what it waits for does not come */
  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'request':
        return this.#request(step);
      case 'read':
        return this.#read(step);
      case 'send':
        return this.#send(step.on, this.#memory.fill(step.bytes));
      case 'frame': {
        const { payload } = step;
        const bytes = typeof payload === 'string' ? Buffer.from(this.#memory.fill(payload)) : payload;
        return (await this.#connection(step.on)).send(
          clientFrame(step.first, bytes, step.masked ? undefined : null),
        );
      }
      case 'subscribers':
        return this.#stage.untilSubscribers(this.#memory.fill(step.target), step.count, STEP_DEADLINE_MS);
      case 'next second':
        return untilNextSecond();
      case 'pause':
        return sleep(step.ms);
      case 'application':
        return this.#application(step.count);
      case 'close':
        return (await this.#connection(step.on)).destroy();
    }
  }

  /** Drops all connections. */
  end(): void {
    for (const connection of this.#connections.values()) connection.destroy();
  }

  async #connection(name: string, port = this.#stage.portOf('')): Promise<RawConnection> {
    const open = this.#connections.get(name);
    if (open) return open;
    const connection = await RawConnection.open(port);
    this.#connections.set(name, connection);
    return connection;
  }

  async #send(on: string, bytes: string): Promise<void> {
    const target = REQUESTED_TARGET.exec(bytes)?.[1] ?? '';
    (await this.#connection(on, this.#stage.portOf(target))).send(bytes);
  }

  async #application(count: number): Promise<void> {
    const { application } = this.#stage;
    if (!application) throw new Error('there is no application behind this server');
    const requests = await application.take(this.#memory.fill('{c}'), count, STEP_DEADLINE_MS);
    this.answers.push(...requests);
    this.entries.push(...requests);
  }

  async #request(step: RequestStep): Promise<void> {
    const target = this.#memory.fill(step.target);
    const connection = await RawConnection.open(this.#stage.portOf(target));
    const lines = step.headers.map((line) => this.#memory.fill(line));
    const has = (name: RegExp) => lines.some((line) => name.test(line));
    const body = step.body === undefined ? undefined : this.#memory.fill(step.body);
    if (body !== undefined && !has(/^Transfer-Encoding:/i)) {
      lines.push(`Content-Length: ${Buffer.byteLength(body, 'latin1')}`);
    }
    if (!has(/^Host:/i)) lines.unshift('Host: localhost');
    if (!has(/^Connection:/i)) lines.push('Connection: close');
    const first = `${step.method} ${target} HTTP/${step.version ?? '1.1'}`;
    connection.send(`${[first, ...lines].join('\r\n')}\r\n\r\n${body ?? ''}`);
    try {
      await this.#take(connection, step, async () => {
        const { bytes } = await connection.readResponse(step.method, STEP_DEADLINE_MS);
        return normaliseHeads(bytes, true, this.#case.everyHeader === true);
      });
    } finally {
      connection.destroy();
    }
  }

  async #read(step: ReadStep): Promise<void> {
    const connection = await this.#connection(step.on);
    const { piece } = step;
    await this.#take(connection, step, async () => {
      if (piece === 'frame') return describeFrame(await readFrame(connection, STEP_DEADLINE_MS));
      const bytes = await (piece === 'response'
        ? connection.readResponse('GET', STEP_DEADLINE_MS).then((response) => response.bytes)
        : piece === 'head'
          ? connection.readHead(STEP_DEADLINE_MS)
          : piece === 'end'
            ? connection.readToEnd(STEP_DEADLINE_MS)
            : connection.readThrough(this.#memory.fill(piece.through), STEP_DEADLINE_MS));
      return normaliseHeads(bytes, piece === 'end', this.#case.everyHeader === true);
    });
  }

  /** Adds what `read` gives to the entries. That the server closed instead is an answer too; silence is none. */
  async #take(
    connection: RawConnection,
    step: ReadStep | RequestStep,
    read: () => Promise<string>,
  ): Promise<void> {
    const text = await read().catch((error: unknown) => {
      if (!connection.closed) {
        const sent = JSON.stringify(connection.unread.toString('latin1'));
        throw new Error(`${(error as Error).message}; it sent ${sent}`);
      }
      return `closed, after ${JSON.stringify(connection.unread.toString('latin1'))}`;
    });
    this.answers.push(text);
    if (!('unseen' in step && step.unseen)) this.entries.push(text);
    if (step.as !== undefined) this.#memory.remember(step.as, text);
  }
}

async function playOnce(stage: Stage, played: Case, channel: string): Promise<Transcript> {
  const play = new Play(stage, played, channel);
  let failure: string | undefined;
  try {
    for (const step of played.steps) await play.step(step);
  } catch (error) {
    failure = (error as Error).message;
  } finally {
    play.end();
  }
  return normalise(play, channel, failure);
}

/**
 * Plays a case. Messages that are published without a `next second` between them must get the same second, because
 * their ids depend on it; if they did not, the case is played again on another channel, from the start of a second.
 * @param server - its port, or the stage
 * @param channel - names the case's channels; no other case has it
 * @param attempts - at most so many; one for cases that may not be played twice
 */
export async function play(
  server: number | Stage,
  played: Case,
  channel: string,
  attempts = ATTEMPTS,
): Promise<Transcript> {
  const stage = typeof server === 'number' ? stageOf(server) : server;
  const wanted = 1 + played.steps.filter((step) => step.do === 'next second').length;
  let transcript = await playOnce(stage, played, `${channel}-0`);
  for (let attempt = 1; attempt < attempts && transcript.seconds > wanted; attempt++) {
    await untilNextSecond();
    transcript = await playOnce(stage, played, `${channel}-${attempt}`);
  }
  return transcript;
}
