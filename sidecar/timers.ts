/** Node's timers, which go by the steady clock: setting the wall clock neither delays nor hastens them. */

/** The longest delay that Node's timers take, in milliseconds; they would fire longer ones at once. */
const MAX_DELAY_MS = 0x7fffffff;

/** Calls `action` once after `ms` milliseconds, or the longest delay there is; does not keep the process alive. */
export function after(ms: number, action: () => void): NodeJS.Timeout {
  return setTimeout(action, Math.min(ms, MAX_DELAY_MS)).unref();
}

/** Calls `action` every `seconds`; does not keep the process alive. */
export function every(seconds: number, action: () => void): NodeJS.Timeout {
  return setInterval(action, Math.min(seconds * 1000, MAX_DELAY_MS)).unref();
}
