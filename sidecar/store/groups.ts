/**
 * Groups of channels: what the channels whose names begin alike have together, in all stores of a process, and what they
 * may have at most (spec/hooks.md §7). Every change of a store is one addition here; nothing is ever counted anew.
 */
import type { GroupLimitChanges, GroupLimits } from '../../handoff/group.ts';

/**
 * Groups that are remembered for nothing but their limits. Those that a POST to a group location has set are an
 * administrator's; the others were set by requests that anybody may make, and are set again by the next one.
 */
const MAX_IDLE_POSTED = 100_000;
const MAX_IDLE_OTHERS = 10_000;

/** Bytes that the names of the others may have together: a request's may be as long as its head. */
const MAX_IDLE_OTHER_BYTES = 4 * 1024 * 1024;

const NO_LIMITS: GroupLimits = {
  channels: 0,
  subscribers: 0,
  messages: 0,
  messagesMemory: 0,
  messagesDisk: 0,
};

/** What a group has. */
export interface GroupFigures {
  readonly channels: number;
  /** One of several channels at once counts once. */
  readonly subscribers: number;
  /** Kept ones. */
  readonly messages: number;
  /** Bytes of these, with what they take beside their data. */
  readonly messagesMemory: number;
  readonly limits: GroupLimits;
}

/** The group in a full channel name, percent-encoded as the name is. */
export function groupOfChannel(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

export class Group implements GroupFigures {
  readonly name: string;
  limits = NO_LIMITS;
  /** Its limits were set at a group location. */
  posted = false;
  channels = 0;
  subscribers = 0;
  /** Subscribers that wait for their channels. */
  arriving = 0;
  messages = 0;
  messagesMemory = 0;
  readonly #changed: (group: Group) => void;

  /** @param changed called when it begins to be used, or may be used no more */
  constructor(name: string, changed: (group: Group) => void) {
    this.name = name;
    this.#changed = changed;
  }

  get isUsed(): boolean {
    return this.channels > 0 || this.subscribers > 0;
  }

  get isLimited(): boolean {
    return this.limits !== NO_LIMITS;
  }

  channelCame(): void {
    this.channels += 1;
    if (this.channels === 1) this.#changed(this);
  }

  channelLeft(): void {
    this.channels -= 1;
    if (this.channels === 0) this.#changed(this);
  }

  subscriberCame(): void {
    this.subscribers += 1;
  }

  subscribersLeft(count: number): void {
    this.subscribers -= count;
    if (this.subscribers === 0 && this.channels === 0) this.#changed(this);
  }

  messageKept(bytes: number): void {
    this.messages += 1;
    this.messagesMemory += bytes;
  }

  messageDropped(bytes: number): void {
    this.messages -= 1;
    this.messagesMemory -= bytes;
  }

  /** Changes some limits; 0 takes one away. */
  limit(changes: GroupLimitChanges): void {
    const limits = { ...this.limits, ...changes };
    this.limits = Object.values(limits).some((limit) => limit > 0) ? limits : NO_LIMITS;
  }
}

export interface GroupsOptions {
  /** Called with the name of each group whose limits are forgotten, since too many have some and nothing else. */
  readonly forgotten?: (name: string) => void;
  readonly maxIdlePosted?: number;
  readonly maxIdleOthers?: number;
  readonly maxIdleOtherBytes?: number;
}

/** All groups that have something, or limits. */
export class Groups {
  readonly #groups = new Map<string, Group>();
  /** Those with limits that nobody uses, the one that was used longest ago first. */
  readonly #idlePosted = new Set<Group>();
  readonly #idleOthers = new Set<Group>();
  readonly #maxIdlePosted: number;
  readonly #maxIdleOthers: number;
  readonly #maxIdleOtherBytes: number;
  #idleOtherBytes = 0;
  readonly #forgotten: ((name: string) => void) | undefined;
  readonly #changed = (group: Group): void => this.#file(group);

  constructor({
    forgotten,
    maxIdlePosted = MAX_IDLE_POSTED,
    maxIdleOthers = MAX_IDLE_OTHERS,
    maxIdleOtherBytes = MAX_IDLE_OTHER_BYTES,
  }: GroupsOptions = {}) {
    this.#forgotten = forgotten;
    this.#maxIdlePosted = maxIdlePosted;
    this.#maxIdleOthers = maxIdleOthers;
    this.#maxIdleOtherBytes = maxIdleOtherBytes;
  }

  /** Groups that are remembered. */
  get size(): number {
    return this.#groups.size;
  }

  /** @returns undefined for one that has neither channels nor limits. */
  find(name: string): Group | undefined {
    return this.#groups.get(name);
  }

  /** The group of a channel that comes to be; its channelCame is to be called. */
  ofNewChannel(channel: string): Group {
    return this.#obtain(groupOfChannel(channel));
  }

  /** What a group has; nothing, if it is not known. */
  figures(name: string): GroupFigures {
    return (
      this.#groups.get(name) ?? {
        channels: 0,
        subscribers: 0,
        messages: 0,
        messagesMemory: 0,
        limits: NO_LIMITS,
      }
    );
  }

  /**
   * Changes limits of a group.
   * @param posted at a group location
   */
  limit(name: string, changes: GroupLimitChanges, posted: boolean): void {
    const group = this.#obtain(name);
    group.limit(changes);
    group.posted ||= posted;
    this.#file(group);
  }

  #obtain(name: string): Group {
    let group = this.#groups.get(name);
    if (!group) {
      group = new Group(name, this.#changed);
      this.#groups.set(name, group);
    }
    return group;
  }

  /** Puts a group where it belongs, and lets go of those that nobody misses. */
  #file(group: Group): void {
    this.#unfile(group);
    if (group.isUsed) return;
    if (!group.isLimited) {
      this.#remove(group);
      return;
    }
    if (group.posted) {
      this.#idlePosted.add(group);
      if (this.#idlePosted.size > this.#maxIdlePosted) this.#forgetOldest(this.#idlePosted);
      return;
    }
    this.#idleOthers.add(group);
    this.#idleOtherBytes += group.name.length;
    // Not this one, whose limits are to hold for the request that sets them.
    while (
      this.#idleOthers.size > this.#maxIdleOthers ||
      (this.#idleOtherBytes > this.#maxIdleOtherBytes && this.#idleOthers.size > 1)
    ) {
      this.#forgetOldest(this.#idleOthers);
    }
  }

  #unfile(group: Group): void {
    this.#idlePosted.delete(group);
    if (this.#idleOthers.delete(group)) this.#idleOtherBytes -= group.name.length;
  }

  #forgetOldest(idle: Set<Group>): void {
    const [oldest] = idle;
    if (!oldest) return;
    this.#unfile(oldest);
    this.#remove(oldest);
    this.#forgotten?.(oldest.name);
  }

  #remove(group: Group): void {
    if (this.#groups.get(group.name) === group) this.#groups.delete(group.name);
  }
}
