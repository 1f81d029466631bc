/** What is done about replies that say that a call did not run, so that it can be sent again. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Delay } from '../../../handoff/redis.ts';
import type { Call } from './call.ts';
import type { Connection } from './connection.ts';
import { nextDelayMs } from './delay.ts';
import type { Server } from './server.ts';
import { parseRedirection } from './slot-map.ts';
import type { Topology } from './topology.ts';

/** A call that did not run, who said so, and what it said. */
export interface Refusal {
  readonly call: Call;
  readonly server: Server;
  readonly connection: Connection;
  readonly message: string;
}

export interface RemedyTools {
  readonly topology: Topology;
  /** How long a slot on its way is left alone. */
  readonly recoveryDelay: Delay;
  /**
   * Sends nothing to a slot, or over a connection, until all that was sent over the refusal's connection is answered,
   * and something was done then. Calls would overtake each other otherwise.
   */
  hold(what: number | Connection, refusal: Refusal, meanwhile?: () => Promise<unknown>): void;
}

export interface Remedy {
  /**
   * Without it a healthy server could not be used, so it is done whatever the configuration says about trying again, and
   * at once, but only so often for a call. Else a call is sent again and again for as long as it may wait.
   */
  readonly always: boolean;
  /** @returns false when there is nothing to be done. */
  apply(refusal: Refusal, tools: RemedyTools): boolean;
}

/** Looks at the servers again, and leaves the slot alone for a moment, since a refusal comes faster than a change. */
function lookAgain(tell: (refusal: Refusal, topology: Topology) => void): Remedy {
  return {
    always: false,
    apply(refusal, { hold, recoveryDelay, topology }) {
      hold(refusal.call.slot, refusal, () => delay(nextDelayMs(recoveryDelay, 0), undefined, { ref: false }));
      tell(refusal, topology);
      return true;
    },
  };
}

/** The slot's keys are on two servers just now. */
const waitForSlot = lookAgain(({ server }, topology) => topology.doubt(server, undefined));

/** By the code at the start of the reply. */
const REMEDIES: Readonly<Record<string, Remedy>> = {
  NOSCRIPT: {
    always: true,
    apply(refusal, { hold }) {
      const { server, connection } = refusal;
      hold(connection, refusal, () => server.reloadScripts(connection));
      return true;
    },
  },
  MOVED: {
    always: true,
    apply(refusal, { hold, topology }) {
      const { server, message, call } = refusal;
      const to = parseRedirection(message, server.host);
      if (!to) return false;
      hold(call.slot, refusal);
      topology.slotMoved(to.slot, to, server);
      return true;
    },
  },
  ASK: {
    always: true,
    apply(refusal, { hold, topology }) {
      const { server, message, call } = refusal;
      const to = parseRedirection(message, server.host);
      call.asking = to && topology.at(to, server);
      if (!call.asking) return false;
      hold(call.slot, refusal);
      return true;
    },
  },
  TRYAGAIN: waitForSlot,
  CLUSTERDOWN: lookAgain(({ server }, topology) => topology.doubt(server, 'the cluster is down')),
  READONLY: lookAgain(({ server }, topology) => topology.demoted(server)),
  MASTERDOWN: lookAgain(({ server }, topology) => topology.demoted(server)),
  // What is asked of a new connection shows when it has loaded its data.
  LOADING: lookAgain(({ connection, message }) => connection.close(new Error(message))),
};

/** A script came upon a key of its slot that has left already, or has not arrived yet; what it had done is done. */
const HALF_RUN = /non local key/;

/** There is none, but it is known why. */
const giveUp: Remedy = {
  always: true,
  apply({ server }, { topology }) {
    topology.doubt(server, undefined);
    return false;
  },
};

/**
 * Finds out what to do about a refusal.
 * @param code its first word, also where a server of another version has it elsewhere.
 * @returns undefined when it is the call's own fault.
 */
export function remedyFor({ call, message }: Refusal, code: string): Remedy | undefined {
  if (HALF_RUN.test(message)) return call.repeatable ? waitForSlot : giveUp;
  return Object.hasOwn(REMEDIES, code) ? REMEDIES[code] : undefined;
}
