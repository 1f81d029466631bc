/** Which server does what, whatever the servers of an upstream are to each other. */
import type { Connection } from './connection.ts';
import type { RedisLink } from './link.ts';
import type { Server } from './server.ts';
import type { HostPort } from './server-info.ts';

/** For whoever has to run scripts without asking the topology: masters and the slots that each one serves. */
export interface Route {
  readonly server: Server;
  /** First and last slots; undefined for all of them. */
  readonly slots: readonly (readonly [first: number, last: number])[] | undefined;
}

export interface Topology {
  readonly publishCommand: RedisLink['publishCommand'];
  /** Why not everything can be served now; undefined when it can. */
  readonly lack: Error | undefined;
  /**
   * Who has the data now, in words that change when somebody else has it: what was known about the data may no longer
   * be so then.
   */
  readonly holder: string;
  /** Looks at the servers again, after something about them changed. */
  revise(): void;
  /** Where scripts for keys of this slot run; undefined while nobody serves it. */
  master(slot: number): Server | undefined;
  /** The server that another one named in a redirection; undefined when it must not be connected to. */
  at(place: HostPort, namedBy: Server): Server | undefined;
  /**
   * Where to listen for announcements on channels of this slot.
   * @param present where one listens now; it stays there as long as that is good.
   * @returns undefined while there is no such server.
   */
  listenAt(slot: number, present: Connection | undefined): Connection | undefined;
  /** Changes whenever listenAt may answer otherwise than before. */
  readonly placement: string;
  routes(): Route[];
  /** A server refused to write. */
  demoted(server: Server): void;
  /** A server said that a slot is elsewhere. */
  slotMoved(slot: number, to: HostPort, namedBy: Server): void;
  /**
   * What a server said shows that its cluster is changing.
   * @param why nothing can be served; undefined when that need not be so.
   */
  doubt(server: Server, why: string | undefined): void;
  close(): void;
}

/** @returns one of the servers, each with a chance as large as its weight; undefined when there is none. */
export function choose<T>(
  weighted: readonly (readonly [T, number])[],
  random = Math.random(),
): T | undefined {
  const total = weighted.reduce((sum, [, weight]) => sum + weight, 0);
  // Servers of no weight are better than none.
  if (total === 0) return weighted[Math.floor(random * weighted.length)]?.[0];
  let left = random * total;
  for (const [item, weight] of weighted) {
    left -= weight;
    if (left < 0) return item;
  }
  return weighted.at(-1)?.[0];
}
