/**
 * The past of a store's channels: messages that Redis has, and of which the local copies had no room. What is read is
 * handed on and forgotten, so it takes no more memory than the pages that are read at a time.
 */
import { scripts } from '../../../lua/scripts.generated.ts';
import { SYSTEM_CLOCK } from '../../clock.ts';
import { after } from '../../timers.ts';
import type { Lack, Page, PagePart, Past } from '../memory/past.ts';
import { BEFORE_ALL, compareIds, type Message, type MessageId } from '../message.ts';
import type { RedisMessage } from './announcement.ts';
import { keptData } from './channel-mirror.ts';
import type { Deflater } from './deflater.ts';
import { Limiter } from './limiter.ts';
import { type RedisLink, RedisUnavailableError } from './link.ts';
import { PastList, type PastListHost } from './past-list.ts';
import { parseMessages, parsePosition } from './replies.ts';

/** Messages, and bytes of them, in a page; of several channels together. More than a slow client is given at a time. */
const PAGE_MESSAGES = 500;
const PAGE_BYTES = 384 * 1024;

/** Pages that are read from an upstream, or being handed on, at a time. Clients' calls have to find room beside them. */
export const MAX_PAGES = 8;

/** Milliseconds after which a page is asked for again that could not be read. */
const RETRY_MS = 1000;

/** Milliseconds that someone waits for a page who shall be answered. */
const READ_DEADLINE_MS = 5000;

/** Limits how much all stores of an upstream read of their pasts at a time. */
export function pastLimiter(): Limiter<PastList> {
  return new Limiter({ max: MAX_PAGES, run: (list) => list.serve() });
}

export interface RedisPastOptions {
  readonly link: RedisLink;
  readonly limiter: Limiter<PastList>;
  readonly deflater: Deflater;
  /** The key of a channel's head. */
  head(channel: string): Buffer;
  /** Takes why something could not be read, which is tried again. */
  fault(channel: string, error: unknown): void;
}

export class RedisPast implements Past {
  readonly #options: RedisPastOptions;
  /** Those that somebody waits for, by the names of their channels. */
  readonly #lists = new Map<string, PastList>();
  readonly #retries = new Map<PastList, NodeJS.Timeout>();
  readonly #host: PastListHost;

  constructor(options: RedisPastOptions) {
    this.#options = options;
    this.#host = {
      read: (names, lacks) => this.#read(names, lacks),
      served: (list) => this.#goOn(list),
      failed: (list, error) => {
        if (!(error instanceof RedisUnavailableError)) options.fault(list.names.join(','), error);
        this.#retries.set(
          list,
          after(RETRY_MS, () => this.#goOn(list)),
        );
      },
    };
  }

  ask(names: readonly string[], lacks: readonly Lack[], take: (page: Page) => void): () => void {
    const key = names.join(',');
    let list = this.#lists.get(key);
    if (!list) {
      list = new PastList(names, this.#host);
      this.#lists.set(key, list);
    }
    const leave = list.add({ lacks, take });
    if (!this.#retries.has(list) && !list.serving) this.#options.limiter.add(list);
    return () => {
      leave();
      if (list.idle) this.#forget(list);
    };
  }

  async read(names: readonly string[], lacks: readonly Lack[], take: (page: Page) => void): Promise<void> {
    let takeBack = (): void => {};
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        timer = after(READ_DEADLINE_MS, () => {
          reject(new RedisUnavailableError('no messages from Redis in time'));
        });
        takeBack = this.ask(names, lacks, (page) => {
          take(page);
          resolve();
        });
      });
    } finally {
      clearTimeout(timer);
      takeBack();
    }
  }

  /**
   * The id after which someone begins who starts at the Nth message of a channel, as nchan_subscriber_first_message
   * counts.
   * @throws what RedisLink.run throws.
   */
  async begin(channel: string, nth: number): Promise<MessageId> {
    const { link, head } = this.#options;
    const reply = await link.run(scripts.nth_message, [head(channel)], [nth], { repeatable: true });
    return parsePosition(reply) ?? BEFORE_ALL;
  }

  /** Nothing more is read. */
  stop(): void {
    for (const list of this.#lists.values()) this.#forget(list);
  }

  #goOn(list: PastList): void {
    this.#retries.delete(list);
    if (list.idle) this.#forget(list);
    else this.#options.limiter.add(list);
  }

  #forget(list: PastList): void {
    clearTimeout(this.#retries.get(list));
    this.#retries.delete(list);
    this.#options.limiter.delete(list);
    const key = list.names.join(',');
    if (this.#lists.get(key) === list) this.#lists.delete(key);
  }

  async #read(names: readonly string[], lacks: readonly Lack[]): Promise<Page> {
    const bytes = Math.ceil(PAGE_BYTES / lacks.length);
    const parts = lacks.map(async (lack): Promise<[number, PagePart]> => {
      return [lack.place, await this.#readPart(names[lack.place] as string, lack, bytes)];
    });
    return new Map(await Promise.all(parts));
  }

  async #readPart(name: string, { after: from, upTo }: Lack, bytes: number): Promise<PagePart> {
    const { link, head, deflater } = this.#options;
    const reply = await link.run(
      scripts.get_messages,
      [head(name)],
      [from.time, from.tag, '0', PAGE_MESSAGES, bytes],
      { repeatable: true },
    );
    const { messages: found, readOn } = parseMessages(reply);
    const messages: Message[] = [];
    for (const { message } of found) {
      messages.push({ ...asMessage(message), deflated: await deflater.deflate(message) });
    }
    const last = messages.at(-1)?.id;
    const reached = last && compareIds(last, upTo) > 0 ? last : upTo;
    return { after: from, upTo: readOn ?? reached, messages };
  }
}

function asMessage(message: RedisMessage): Message {
  const { id, contentType, eventsourceEvent, ttlSeconds } = message;
  // Whoever it is given to may keep it for longer than the page.
  const data = keptData(message);
  const expiresAtMs = SYSTEM_CLOCK.steadyMs() + ttlSeconds * 1000;
  return { id, data, contentType, eventsourceEvent, expiresAtMs, buffered: true };
}
