/**
 * The channels of a memory store: which there are, how long they stay known, and what they and their messages take.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../clock.ts';
import type { SlicedWork } from '../../fanout/work-queue.ts';
import type { Groups } from '../groups.ts';
import type { Message, MessageDraft } from '../message.ts';
import { Agenda } from './agenda.ts';
import { type ChannelHost, MemoryChannel } from './channel.ts';
import { Evictions } from './evictions.ts';
import { StoreClock } from './id-clock.ts';
import type { Rounds } from './rounds.ts';
import { Space } from './space.ts';

/** Seconds that a channel without messages and subscribers stays known after its last use (spec/surprises.md A20). */
const IDLE_CHANNEL_SECONDS = 5;

/** Channels and messages that are forgotten in one turn of the event loop. */
const DROPPED_PER_TURN = 8192;

export interface ChannelTableOptions {
  readonly limitBytes: number;
  readonly clock: Clock;
  readonly groups: Groups;
  readonly rounds: Rounds;
  /** See MemoryStoreOptions. */
  readonly remembered: boolean;
  readonly forgotten: ((name: string) => void) | undefined;
  readonly crowded: (channel: string) => void;
}

export class ChannelTable {
  readonly space: Space;
  readonly #channels = new Map<string, MemoryChannel>();
  readonly #options: ChannelTableOptions;
  readonly #ids: StoreClock;
  readonly #agenda: Agenda<MemoryChannel>;
  readonly #evictions: Evictions;
  readonly #host: ChannelHost;
  #isDropped = false;

  constructor(options: ChannelTableOptions) {
    const { limitBytes, clock, rounds, remembered, crowded } = options;
    this.#options = options;
    this.space = new Space(limitBytes);
    this.#evictions = new Evictions(crowded);
    this.#ids = new StoreClock(Math.floor(clock.unixMs() / 1000) + (remembered ? 0 : 1));
    this.#agenda = new Agenda(clock.steadyMs(), (channel) => this.#attend(channel));
    this.#host = {
      clock,
      ids: this.#ids,
      rounds,
      messageDropped: (message, { group }) => {
        const bytes = this.space.messageDropped(message);
        group?.messageDropped(bytes);
      },
      deserted: (channel) => {
        this.#evictions.unwatched(channel);
        this.idle(channel);
      },
    };
  }

  get channels(): ReadonlyMap<string, MemoryChannel> {
    return this.#channels;
  }

  /** Entries in the agenda, at most one a channel. */
  get filed(): number {
    return this.#agenda.size;
  }

  get(name: string): MemoryChannel | undefined {
    return this.#channels.get(name);
  }

  /** The channel of this name, which is known from now on. */
  obtain(name: string): MemoryChannel {
    let channel = this.#channels.get(name);
    if (!channel) {
      channel = this.#new(name);
      if (!this.#isDropped) {
        channel.group = this.#options.groups.ofNewChannel(name);
        channel.group.channelCame();
      }
      this.#channels.set(name, channel);
      this.space.channelCame(name);
    }
    return channel;
  }

  /** The channels of a list; those that nobody knows are empty, and nobody gets to know them. */
  list(names: readonly string[]): MemoryChannel[] {
    return names.map((name) => this.#channels.get(name) ?? this.#new(name));
  }

  /** Counts a message that is in the channel's buffer now. */
  kept(channel: MemoryChannel, message: Message): void {
    const bytes = this.space.messageKept(message);
    channel.group?.messageKept(bytes);
    this.#agenda.file(channel, message.expiresAtMs);
    if (channel.subscribers === 0) this.#evictions.filled(channel);
  }

  /** The channel may be forgotten, unless it has messages or somebody uses it. */
  idle(channel: MemoryChannel): void {
    this.#agenda.file(channel, channel.lastUsedMs + IDLE_CHANNEL_SECONDS * 1000);
  }

  forget(channel: MemoryChannel): void {
    this.#channels.delete(channel.name);
    this.space.channelLeft(channel.name);
    this.#evictions.forget(channel);
    channel.group?.channelLeft();
    this.#options.forgotten?.(channel.name);
    // A channel that begins anew gives its first id of a second again, so that second must be over for everyone: after
    // the wall clock stepped back it could last for hours.
    if (channel.lastMessageId) this.#ids.skip(channel.lastMessageId.time);
  }

  /** Messages of any channel may leave, since another store has them. */
  allowEvictions(): void {
    this.#evictions.allow();
  }

  /** Makes room for a message of the channel, where messages may leave; false when there is none. */
  makeRoom(channel: MemoryChannel, draft: MessageDraft): boolean {
    const { space } = this;
    return this.#evictions.makeRoom(channel, space.couldHold(draft), () => space.hasRoom(draft));
  }

  /** There is no room for a message, which passes. */
  passed(channel: MemoryChannel, message: Message): void {
    this.#evictions.passed(channel, message);
  }

  /** What has expired by now, as work to be done. */
  due(): SlicedWork {
    this.#agenda.dueUntil(this.#options.clock.steadyMs());
    return this.#agenda;
  }

  /** Forgets everything; groups count nothing of it any more. */
  async drop(): Promise<void> {
    this.#isDropped = true;
    let left = DROPPED_PER_TURN;
    for (const channel of this.#channels.values()) {
      left -= 1 + channel.buffer.length;
      channel.buffer.clear();
      channel.group?.channelLeft();
      channel.group = undefined;
      this.space.channelLeft(channel.name);
      this.#channels.delete(channel.name);
      if (left > 0) continue;
      left = DROPPED_PER_TURN;
      await nextTurn();
    }
  }

  #new(name: string): MemoryChannel {
    return new MemoryChannel(name, this.#host);
  }

  /** Expires a channel's messages; forgets it when it is idle, else files it for its next look. */
  #attend(channel: MemoryChannel): void {
    if (this.#channels.get(channel.name) !== channel) return;
    channel.expire();
    const oldest = channel.buffer.at(0);
    if (oldest) {
      this.#agenda.file(channel, oldest.expiresAtMs);
    } else if (channel.missing) {
      this.#agenda.file(channel, channel.missing.expiresAtMs);
    } else if (channel.subscribers === 0) {
      const idleMs = this.#options.clock.steadyMs() - channel.lastUsedMs;
      if (idleMs >= IDLE_CHANNEL_SECONDS * 1000) this.forget(channel);
      else this.idle(channel);
    }
  }
}
