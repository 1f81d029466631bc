/** What can be done to a channel, by Nchan's scripts and by ours. */
import type fc from 'fast-check';
import type { Named, Reply, Value } from '../support/scripts.ts';

export interface Channel {
  /** Empty, or with its colon. */
  readonly namespace: string;
  readonly id: string;
  /** The key of its head. */
  readonly key: string;
}

/** What is known of a channel before an operation: the same in both databases, but for `registered`. */
export interface Situation {
  readonly channel: Channel;
  /** The fields of its head; undefined when there is none. */
  readonly head: Readonly<Record<string, string>> | undefined;
  /** Its clients by worker. */
  readonly counts: Readonly<Record<string, string>>;
  /** The servers that are registered by our script, with the ids of their registrations. */
  readonly registered: ReadonlyMap<string, string>;
  /** The ids of all messages that were published to it, oldest first. */
  readonly published: readonly string[];
}

/** What both sides left. */
export interface Outcome {
  /** The fields of the channel's head. */
  readonly head: Readonly<Record<string, string>> | undefined;
  /** Entries that our list of messages has and Nchan's has not: of messages that are gone. */
  readonly lateEntries: number;
}

export interface NchanCall {
  readonly script: string;
  readonly keys?: readonly string[];
  readonly args: readonly Value[];
}

export interface OurCall {
  readonly script: string;
  readonly keys: Named;
  readonly args?: Named;
}

export interface Operation<P> {
  /** What it can be given. */
  readonly parameters: fc.Arbitrary<P>;
  /** False where the two differ on purpose, see differences.ts. Default: always. */
  comparable?(parameters: P, situation: Situation): boolean;
  theirs(parameters: P, situation: Situation): NchanCall;
  ours(parameters: P, situation: Situation): OurCall;
  /**
   * What ours should reply, with numbers as text.
   * @param theirs - what Nchan's script replied, with numbers as text
   * @param ours - what ours did reply, for parts of which anything is right
   */
  expected(theirs: Reply, ours: Reply, parameters: P, after: Outcome): Reply;
}

/** Forgets the type of an operation's parameters, which only the operation itself looks at. */
export function operation<P>(one: Operation<P>): Operation<unknown> {
  return one as Operation<unknown>;
}

/** The call of a script of Nchan's on a channel. */
export function nchan(script: string, { channel }: Situation, ...args: readonly Value[]): NchanCall {
  return { script, args: [channel.namespace, channel.id, ...args] };
}

/** The call of a script of ours on a channel. */
export function njchan(script: string, { channel }: Situation, args: Named = {}): OurCall {
  return { script, keys: { channel: channel.key }, args };
}

/** `ours`, if it is a number that is as close to `theirs` as two runs of the same are; otherwise `theirs`. */
export function about(theirs: Reply | undefined, ours: Reply | undefined, tolerance: number): Reply {
  const close = Math.abs(Number(theirs) - Number(ours)) <= tolerance;
  return (close ? ours : theirs) ?? null;
}

/** An element of a reply that is an array. */
export function element(reply: Reply, index: number): Reply {
  return (Array.isArray(reply) ? reply[index] : undefined) ?? null;
}
