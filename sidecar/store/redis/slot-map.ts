/** Who serves which slots of a Redis Cluster. */
import { SLOTS } from './key-slot.ts';
import type { HostPort } from './server-info.ts';

/** A server as another one of the cluster names it. */
export interface ClusterNode extends HostPort {
  /** Its name in the cluster; '' when only its address is known. */
  readonly id: string;
}

/** A master and its replicas. */
export interface Shard {
  readonly master: ClusterNode;
  readonly replicas: readonly ClusterNode[];
}

/** By slot; undefined where no server serves it. */
export type SlotMap = (Shard | undefined)[];

export function emptySlotMap(): SlotMap {
  return new Array<Shard | undefined>(SLOTS).fill(undefined);
}

type NodeReply = readonly [host: Buffer | null, port: number, id: Buffer, ...unknown[]];
type RangeReply = readonly [first: number, last: number, master: NodeReply, ...replicas: NodeReply[]];

/**
 * Reads the reply to CLUSTER SLOTS.
 * @param asked where the server that replied is: it leaves its own host out when it does not know it.
 */
export function parseClusterSlots(reply: unknown, asked: string): SlotMap {
  const map = emptySlotMap();
  const shards = new Map<string, Shard>();
  for (const [first, last, master, ...replicas] of reply as readonly RangeReply[]) {
    const shard = shards.get(String(master[2])) ?? {
      master: readNode(master, asked),
      replicas: replicas.map((replica) => readNode(replica, asked)),
    };
    shards.set(shard.master.id, shard);
    map.fill(shard, first, last + 1);
  }
  return map;
}

function readNode([host, port, id]: NodeReply, asked: string): ClusterNode {
  return { host: host?.toString() || asked, port, id: id.toString() };
}

/** The shards of a map, each once. */
export function shardsOf(map: SlotMap): Shard[] {
  return [...new Set(map)].filter((shard) => shard !== undefined);
}

/** What a server says whose slot has moved, or is on its way. */
export interface Redirection extends HostPort {
  readonly slot: number;
}

/**
 * Reads the error `MOVED 3999 127.0.0.1:6381`, or one with `ASK`.
 * @param asked the host of the server that said so, which is meant where none is named.
 * @returns undefined when it is another error.
 */
export function parseRedirection(message: string, asked: string): Redirection | undefined {
  const match = /^(?:MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message);
  if (!match) return undefined;
  const [, slot, host, port] = match;
  return { slot: Number(slot), host: host || asked, port: Number(port) };
}
