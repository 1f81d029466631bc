/** The two times that the sidecar goes by. Tests give the store a clock of their own. */
export interface Clock {
  /**
   * Unix milliseconds, for message ids and for what people read. They leap, forwards and back: NTP, a virtual machine
   * that resumes, an operator.
   */
  unixMs(): number;
  /**
   * Milliseconds since some moment of this process, for all that lasts: expiry, idleness, timeouts. They only grow, as
   * evenly as the timers do; while the machine sleeps they may stand still.
   */
  steadyMs(): number;
}

export const SYSTEM_CLOCK: Clock = {
  unixMs: () => Date.now(),
  steadyMs: () => performance.now(),
};
