/** Stopping nginx and the sidecar: gently first, then less so. */
import { type Logger, logFault } from '../sidecar/log.ts';
import type { NginxProcess } from './nginx-process.ts';
import type { SidecarKeeper } from './sidecar-keeper.ts';
import { settledWithin } from './timing.ts';

/** How long each step may take before the next. */
const STEP_DEADLINE_MS = 5_000;

/**
 * nginx stops accepting and lets its requests finish (QUIT), which those of subscribers do when the sidecar ends them
 * (TERM). The steps after that are for clients, or processes, that do not cooperate.
 */
const STEPS = [
  { nginx: 'SIGQUIT', sidecar: 'SIGTERM' },
  { nginx: 'SIGTERM', sidecar: 'SIGTERM' },
  { nginx: 'SIGKILL', sidecar: 'SIGKILL' },
] as const satisfies readonly { nginx: NodeJS.Signals; sidecar: NodeJS.Signals }[];

/**
 * Stops both and resolves when both ended.
 * @param hooksFirst - the sidecar asks an application through nginx, also about the subscribers that it ends
 * @param hurry - gives a promise that resolves when the user asks for the next step before its time
 */
export async function shutDown(
  nginx: NginxProcess | undefined,
  sidecar: SidecarKeeper | undefined,
  hurry: () => Promise<void>,
  log: Logger,
  hooksFirst = false,
): Promise<void> {
  sidecar?.release();
  if (hooksFirst && sidecar && nginx) {
    sidecar.kill('SIGTERM');
    await settledWithin(Promise.race([sidecar.exited(), nginx.exited, hurry()]), STEP_DEADLINE_MS);
  }
  let done = false;
  const ended = Promise.all([nginx?.exited, sidecar?.exited()]).then(() => {
    done = true;
  });
  for (const step of STEPS) {
    nginx?.kill(step.nginx);
    sidecar?.kill(step.sidecar);
    const hurried = hurry().then(() => log.info('hurrying'));
    const inTime = await settledWithin(Promise.race([ended, hurried]), STEP_DEADLINE_MS);
    if (done) return;
    if (!inTime) {
      const message = `requests or subscribers are left after ${STEP_DEADLINE_MS / 1000} s; ending them`;
      logFault(log, 'NJ-STOP-SLOW', message);
    }
  }
  await ended;
}
