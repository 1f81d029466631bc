/** Interval-poll: the next message if there is one, else 304 at once (spec/http-protocol.md §5.3). */
import type { ServerResponse } from 'node:http';
import type { Handoff } from '../handoff.ts';
import type { Store } from '../store/store.ts';
import { answerEmpty, answerMessages } from './poll-answer.ts';
import { startOf } from './subscriber.ts';
import type { Watched } from './watched.ts';

export async function serveIntervalpoll(
  response: ServerResponse,
  handoff: Handoff,
  store: Store,
  { observer }: Watched,
): Promise<void> {
  observer?.joined?.();
  try {
    const [next] = await store.read(handoff.channels, startOf(handoff), 1, 1);
    if (next) {
      observer?.delivered?.(next, undefined);
      answerMessages(response, handoff, next);
    } else answerEmpty(response, handoff, 304);
  } finally {
    observer?.left?.();
  }
}
