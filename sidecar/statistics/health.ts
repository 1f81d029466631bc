/** Whether this process serves, and whether it is to be sent anybody: `njchan_health` and `njchan health`. */
import type { ServerContext } from '../context.ts';
import type { Reply } from '../reply.ts';

/** What was looked at. */
interface Check {
  readonly check: 'sidecar' | 'stopping' | 'redis';
  /** Of the check `redis`. */
  readonly upstream?: string;
  readonly ok: boolean;
}

/** That it can answer is all that there is to being alive. */
const ALIVE: Check = { check: 'sidecar', ok: true };

function readiness({ stores, stopping }: ServerContext): readonly Check[] {
  const upstreams = Array.from(
    stores.linkStats(),
    ([upstream, { usable }]): Check => ({ check: 'redis', upstream, ok: usable }),
  );
  return [ALIVE, { check: 'stopping', ok: !stopping() }, ...upstreams];
}

/**
 * The answer of a health check.
 * @param asked `live`: it need not be started anew; `ready`: it can be sent requests
 */
export function healthReply(context: ServerContext, asked: 'live' | 'ready'): Reply {
  const checks = asked === 'live' ? [ALIVE] : readiness(context);
  const ok = checks.every((check) => check.ok);
  return {
    status: ok ? 200 : 503,
    headers: [
      ['Content-Type', 'application/json'],
      ['Cache-Control', 'no-store'],
    ],
    body: `${JSON.stringify({ [asked]: ok, checks }, undefined, 2)}\n`,
  };
}
