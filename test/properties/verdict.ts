/**
 * Whether what a subscriber got is what it had to get, though nobody knows what the server did when. A message with
 * its answer was in the buffer before anything that began later, and one that was begun later was not there earlier;
 * in between the subscriber gets the benefit of the doubt. The ids say in which order the server took the messages, and
 * each one's limits what the buffer held after it.
 */
import { formatId, type MessageId } from '../../sidecar/store/message.ts';
import { label, type Moment, type Publication } from './ledger.ts';

/** A message as a subscriber got it. */
export interface Arrival {
  readonly body: string;
  readonly at: Moment;
}

/** One time that a subscriber asked for messages: one connection of a stream, one request of a poll. */
export interface Visit {
  /** Before the request was sent. */
  readonly asked: Moment;
  readonly arrivals: readonly Arrival[];
}

/** The messages of one channel, in order, and what the buffer held after each. */
export class History {
  readonly publications: readonly Publication[];
  /** Place of the oldest message in the buffer after the message at each place, by length alone. */
  readonly #oldest: readonly number[];
  readonly #places: ReadonlyMap<string, number>;
  readonly #readLate: boolean;

  /**
   * @param publications all that were ever sent to the channel, in the order of their ids.
   * @param readLate the buffer is read some time after a subscriber asked, perhaps piece by piece, who then gets all
   *   that came since: it may miss what the buffer lost before it was read.
   */
  constructor(publications: readonly Publication[], readLate = false) {
    this.publications = publications;
    this.#readLate = readLate;
    let oldest = 0;
    this.#oldest = publications.map(({ length }, place) => {
      oldest = Math.max(oldest, place + 1 - length);
      return oldest;
    });
    this.#places = new Map(publications.map(({ body }, place) => [body, place]));
  }

  /** The place of a message in the channel's order, undefined if it was never sent to this channel. */
  placeOf(body: string): number | undefined {
    return this.#places.get(body);
  }

  idOf(place: number): MessageId {
    return (this.publications[place] as Publication).id;
  }

  /** What is wrong with the order itself: one id twice, or a message before one that was answered before it began. */
  faults(): string[] {
    const faults: string[] = [];
    let earliest: Publication | undefined;
    for (const publication of [...this.publications].reverse()) {
      if (earliest && earliest.answered.tick < publication.begun.tick) {
        faults.push(`${label(earliest.body)} was answered before ${label(publication.body)} was sent`);
      }
      if (!earliest || publication.answered.tick < earliest.answered.tick) earliest = publication;
    }
    const ids = this.publications.map(({ id }) => formatId(id));
    const repeated = ids.filter((id, place) => ids.indexOf(id) !== place);
    return [...faults, ...repeated.map((id) => `the id ${id} was given twice`)];
  }

  /**
   * True when `next` may be the first message of a visit by someone who had all up to `last` (-1: none): at some moment
   * between its asking and the arrival it was the oldest message after `last` in the buffer, or the next to come.
   */
  mayContinue(last: number, next: number, asked: Moment, at: Moment): boolean {
    // After the message at place `taken` and before the one behind it.
    const first = Math.max(last, this.#lastAnsweredBefore(asked));
    for (let taken = first; taken <= this.#lastBegunBefore(at); taken++) {
      const oldest = taken < 0 ? 0 : (this.#oldest[taken] as number);
      if (next === Math.max(last + 1, oldest)) return true;
      if (next > last && next > oldest && this.#mayHaveExpired(oldest, next, at)) return true;
    }
    return this.mayHaveBeenLost(last, next, at);
  }

  /** Whether all between two messages may have left the buffer before they were read. */
  mayHaveBeenLost(last: number, next: number, at: Moment): boolean {
    const oldest = this.#oldest[this.#lastBegunBefore(at)] ?? 0;
    return this.#readLate && next > last && next <= oldest;
  }

  /** Messages expire from the oldest on: a long-lived one keeps those behind it. */
  #mayHaveExpired(from: number, to: number, at: Moment): boolean {
    return this.publications
      .slice(from, to)
      .every(({ begun, timeoutSeconds }) => begun.ms + timeoutSeconds * 1000 <= at.ms);
  }

  #lastAnsweredBefore({ tick }: Moment): number {
    return this.publications.findLastIndex(({ answered }) => answered.tick < tick);
  }

  #lastBegunBefore({ tick }: Moment): number {
    return this.publications.findLastIndex(({ begun }) => begun.tick < tick);
  }
}

/**
 * What is wrong with all that a subscriber got.
 * @param histories of the channels that it subscribed to
 * @param resumes whether it names the last id that it got when it comes back; else it begins anew
 */
export function faultsOf(
  histories: readonly History[],
  visits: readonly Visit[],
  resumes: boolean,
): string[] {
  const faults: string[] = [];
  let last = histories.map(() => -1);
  for (const { asked, arrivals } of visits) {
    if (!resumes) last = histories.map(() => -1);
    const met = new Set<number>();
    /** Channels of which something was lost between what was there when it asked and what came since. */
    const lost = new Set<number>();
    let second = 0;
    for (const { body, at } of arrivals) {
      const channel = histories.findIndex((history) => history.placeOf(body) !== undefined);
      const history = histories[channel];
      if (!history) {
        faults.push(`${label(body)} was never sent, not with these bytes`);
        continue;
      }
      const place = history.placeOf(body) as number;
      const before = last[channel] as number;
      const name = `${label(body)}, number ${place} of its channel,`;
      // On one visit nothing is passed over, however short the buffer is.
      let isRight = met.has(channel) ? place === before + 1 : history.mayContinue(before, place, asked, at);
      if (!isRight && met.has(channel) && !lost.has(channel)) {
        isRight = history.mayHaveBeenLost(before, place, at);
        lost.add(channel);
      }
      if (!isRight) {
        faults.push(`${name} came after number ${before}${met.has(channel) ? ' on the same visit' : ''}`);
      }
      const { time } = history.idOf(place);
      if (time < second) faults.push(`${name} came after a message of a later second`);
      second = time;
      met.add(channel);
      last[channel] = place;
    }
  }
  return faults;
}
