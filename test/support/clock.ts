import type { Clock } from '../../sidecar/clock.ts';

/** A clock whose wall time is set back and forward; its steady time goes on as the (perhaps faked) timers do. */
export class LeapingClock implements Clock {
  #leaptMs = 0;

  /** Sets the wall clock by so many seconds, negative ones back. */
  leap(seconds: number): void {
    this.#leaptMs += seconds * 1000;
  }

  unixMs(): number {
    return Date.now() + this.#leaptMs;
  }

  steadyMs(): number {
    return performance.now();
  }
}
