/** Asks a sidecar whether it serves, over its socket, as the gateway would. */
import { request } from 'node:http';
import { type Action, HANDOFF } from '../handoff/headers.ts';

const PROBE_DEADLINE_MS = 2_000;

/** A hand-off that concerns no channel, changes nothing and is always granted. */
const HARMLESS: Action = 'options';

/** True when the sidecar behind the socket answers a hand-off in time. Never throws. */
export function sidecarAnswers(socket: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = request({
      socketPath: socket,
      method: 'POST',
      headers: { [HANDOFF.action.header]: HARMLESS },
      signal: AbortSignal.timeout(PROBE_DEADLINE_MS),
    });
    probe.on('response', (response) => {
      response.resume();
      response.on('error', () => {}); // cut off: the status has been seen
      resolve(response.statusCode === 200);
    });
    probe.on('error', () => resolve(false));
    probe.end();
  });
}
