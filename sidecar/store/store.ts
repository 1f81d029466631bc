/**
 * The contract of every store. A channel is a buffer of messages and the subscribers that wait for more; whatever the
 * store keeps them in, these promises hold and test/store/contract.ts checks them:
 *
 * - Ids of one channel only ever grow, also when the clock steps back and after a deletion, so a client that resumes
 *   with the last id it got misses nothing and gets nothing twice.
 * - A subscriber gets every message that is in the buffer after its start, then every later one, in order, once.
 * - publish resolves after the message is stored; from then on it is not lost but by the channel's own limits.
 */

import type { ParsedMessageId } from '../../handoff/message-id.ts';
import type { MessageFormat } from '../fanout/format.ts';
import type { Groups } from './groups.ts';
import type { Delivery, MessageDraft, MessageId } from './message.ts';

/** How long and how many; set by the publishing request for the whole channel (spec/surprises.md E5). */
export interface BufferLimits {
  /** Most messages kept; 0 delivers to present subscribers only. */
  readonly length: number;
  /** Seconds that this message lives; never 0. */
  readonly timeoutSeconds: number;
}

/** The figures of a publisher's reply (spec/http-protocol.md §2.2). */
export interface ChannelInfo {
  readonly messages: number;
  /** Unix seconds of the last subscriber activity, or undefined if there never was any. */
  readonly lastSeenSubscriber: number | undefined;
  readonly subscribers: number;
  /** Id of the newest message ever published; 0:0 if none was. */
  readonly lastMessageId: MessageId;
  /** The message was passed on and is kept nowhere: servers with subscribers give it ids of their own. */
  readonly passedOn?: true;
}

/** What is known of a list of channels as one. */
export type ListInfo = Pick<ChannelInfo, 'subscribers' | 'lastSeenSubscriber'>;

/**
 * Where a subscriber starts: after an id it names, or at the Nth message of each channel as
 * nchan_subscriber_first_message counts.
 */
export type Start = { readonly after: ParsedMessageId } | { readonly first: number };

/**
 * Why a subscription ended from the store's side; `overflow` means that it was owed more than OVERFLOW_BYTES, `fault`
 * that encoding a message or writing it threw: the subscriber may come again with the last id it got.
 */
export type EndReason = 'deleted' | 'overflow' | 'shutdown' | 'fault';

/**
 * Undrained bytes above which a subscriber gets nothing more until it drains; it then goes on from the buffer. So a slow
 * client costs no more than this and the last write, whatever is published, and loses only what the buffer loses.
 */
export const PAUSE_BYTES = 256 * 1024;

/** Bytes of unbuffered messages that a slow subscriber may be owed before it is ended. */
export const OVERFLOW_BYTES = 4 * 1024 * 1024;

/** What a subscriber is to a store. */
export interface Sink {
  /** Subscribers with the same format object share each encoded message. */
  readonly format: MessageFormat;
  /**
   * Takes one or more encoded messages, in order.
   * @param last the newest of the messages in `bytes`.
   * @param before the one in front of it, if `bytes` has several.
   * @returns bytes that its client has not drained yet; above PAUSE_BYTES nothing more is written until
   *   Subscription.resume.
   */
  write(bytes: Buffer, last: Delivery, before?: Delivery): number;
  /** Called once, when all that was in the buffers was written, if the sink is not over by then. */
  upToDate?(): void;
  /** What the location tells of its subscribers, for whoever asks; undefined where it tells nothing. */
  describe?(): Buffer | undefined;
  /** The store delivers nothing more. Called at most once, and never after Subscription.cancel. */
  end(reason: EndReason): void;
}

export interface Subscription {
  /** The client drained what it was given: catch-up goes on. */
  resume(): void;
  /** The subscriber leaves; its sink is not called again. */
  cancel(): void;
}

/** Counters for `njchan status`. */
export interface StoreTotals {
  readonly channels: number;
  readonly subscribers: number;
  readonly messages: number;
  /** Bytes of buffered messages, with their overhead. */
  readonly bytes: number;
}

/** What a store holds in this process; found without looking at any channel. */
export interface StoreSize extends Omit<StoreTotals, 'subscribers'> {
  /** Lists of several channels that somebody subscribes to. */
  readonly lists: number;
}

export interface Store {
  /** False while what the store needs is away: new subscribers are then refused. */
  readonly available: boolean;
  /** The channels of this process by their names, the oldest first. */
  readonly channels: Pick<ReadonlyMap<string, unknown>, 'size' | 'keys'>;
  /** What the channels of each group have here, together with those of other stores of the process. */
  readonly groups: Groups;
  /** @throws StorageFullError when the message does not fit. */
  publish(channel: string, draft: MessageDraft, limits: BufferLimits): Promise<ChannelInfo>;
  /** Figures of a channel, or undefined when there is none. */
  info(channel: string): Promise<ChannelInfo | undefined>;
  /**
   * Drops a channel's messages and ends its subscribers, who get nothing that is published after this was called;
   * resolves when all were told. Other channels of their lists may count them until then.
   * @returns the figures as they were before, or undefined.
   */
  delete(channel: string): Promise<ChannelInfo | undefined>;
  /**
   * Begins delivery; buffered messages may reach the sink before this returns. Several channels are multiplexed: their
   * messages come ordered by id, those of one moment in the order of the list, and deleting any one ends the
   * subscription.
   * @throws what the sink or its format throws meanwhile; it is then not subscribed.
   */
  subscribe(channels: readonly string[], start: Start, sink: Sink): Subscription;
  /**
   * The messages that a subscriber with this start would get at once, the oldest first: at most `limit`, and no further
   * one once they have `limitBytes`.
   */
  read(channels: readonly string[], start: Start, limit: number, limitBytes: number): Promise<Delivery[]>;
  /** Figures of this very list of several channels; undefined when nobody subscribes to it. */
  listInfo(channels: readonly string[]): Promise<ListInfo | undefined>;
  /** The sinks of the subscribers of this process to a channel, also through lists that it is in; the latest first. */
  sinks(channel: string): Sink[];
  /** The other servers that share its channels; undefined where there are none. */
  readonly fellows?: Fellows;
  /** Subscribers of this process to one channel, also through lists that it is in, or to this very list of several. */
  subscribersHere(channels: readonly string[]): number;
  /** How many of these channels this process does not have, and would have once a message or a subscriber comes. */
  newChannels(channels: readonly string[], brought: 'publish' | 'subscribe'): number;
  totals(): StoreTotals;
  readonly size: StoreSize;
  /** Ends every subscriber with `shutdown`, also those that come from now on, and stops all timers. */
  close(): Promise<void>;
}

/** The servers that share channels, this one among them. */
export interface Fellows {
  /** A number for a request for information about subscribers; no other has it. */
  nextRequest(): Promise<number>;
  /** Has them all tell of their subscribers of a channel. */
  ask(channel: string, request: number): Promise<void>;
}

/** The store has no room for a message: 507 to its publisher. */
export class StorageFullError extends Error {
  constructor(limitBytes: number) {
    super(`buffered messages would exceed ${limitBytes} bytes`);
    this.name = 'StorageFullError';
  }
}
