/** Asks a sidecar whether it serves, over its socket, as the gateway would. */
import { request } from 'node:http';
import { type Action, HANDOFF } from '../handoff/headers.ts';
import type { FiguresName } from '../handoff/settings.ts';
import { printable } from '../sidecar/log.ts';

const PROBE_DEADLINE_MS = 2_000;

/** What `njchan_health` asks, as its location would hand it off; a sidecar of another version answers 400. */
const FIGURES: Action = 'figures';

/** What there is to say against a sidecar; undefined when there is nothing. */
export type Ailment = 'silent' | { readonly failed: readonly string[] } | undefined;

/**
 * Asks the sidecar behind the socket as `njchan_health` does. Never throws.
 * @param asked `live`: whether it answers in time; `ready`: whether it can be sent requests
 */
export async function sidecarAilment(socket: string, asked: 'live' | 'ready'): Promise<Ailment> {
  const answer = await ask(socket, asked);
  if (!answer) return 'silent';
  if (answer.status === 200) return undefined;
  return { failed: failedChecks(answer.body) };
}

/** True when the sidecar behind the socket answers a hand-off in time. Never throws. */
export async function sidecarAnswers(socket: string): Promise<boolean> {
  return (await sidecarAilment(socket, 'live')) !== 'silent';
}

function ask(socket: string, asked: FiguresName): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve) => {
    const probe = request({
      socketPath: socket,
      method: 'POST',
      headers: {
        [HANDOFF.action.header]: FIGURES,
        [HANDOFF.settings.header]: JSON.stringify({ serves: asked }),
      },
      signal: AbortSignal.timeout(PROBE_DEADLINE_MS),
    });
    probe.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', () => resolve(undefined)); // cut off
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    probe.on('error', () => resolve(undefined));
    probe.end();
  });
}

/** What is wrong, in words. */
function failedChecks(body: string): string[] {
  try {
    const { checks } = JSON.parse(body) as { checks: { check: string; upstream?: string; ok: boolean }[] };
    return checks
      .filter(({ ok }) => !ok)
      .map(({ check, upstream }) =>
        check === 'stopping' ? 'it is stopping' : `${check} ${printable(upstream ?? '')} cannot be used`,
      );
  } catch {
    return ['it does not know the question: it is of another version'];
  }
}
