/** Long-poll: the next message, or where the location says so all that are there (spec/http-protocol.md §§5.1, 5.2). */
import type { ServerResponse } from 'node:http';
import type { MessageFormat } from '../fanout/format.ts';
import type { Handoff } from '../handoff.ts';
import { statistics } from '../statistics/statistics.ts';
import type { Sink, Store, Subscription } from '../store/store.ts';
import { atExpiry } from './expiry.ts';
import { answerEmpty, answerExpired, answerMessages } from './poll-answer.ts';
import { END_STATUS, IdleTimer, startOf } from './subscriber.ts';
import type { Watched } from './watched.ts';

/** The answer is made from the message itself. */
export const LONGPOLL_FORMAT: MessageFormat = { once: true, encode: ({ message }) => message.data };

/** Messages that one multipart answer takes at most; the client asks again for the rest. */
const MAX_MULTIPART_MESSAGES = 1000;
/** Bytes after which a multipart answer takes no further message. */
const MAX_MULTIPART_BYTES = 1024 * 1024;

/** Answers at once with what is there, or waits for the next message. */
export async function serveLongpoll(
  response: ServerResponse,
  handoff: Handoff,
  store: Store,
  watched: Watched,
): Promise<void> {
  const { observer } = watched;
  observer?.joined?.();
  // Where there is nothing to look for it subscribes in this turn: see admitSubscriber.
  if (handoff.settings.longpollMultipart === 'off') waitForMessage(response, handoff, store, watched);
  else await answerOrWait(response, handoff, store, watched);
}

/** Answers with all there is, or waits. */
async function answerOrWait(
  response: ServerResponse,
  handoff: Handoff,
  store: Store,
  watched: Watched,
): Promise<void> {
  const { observer } = watched;
  let waits = false;
  try {
    const [first, ...more] = await store.read(
      handoff.channels,
      startOf(handoff),
      MAX_MULTIPART_MESSAGES,
      MAX_MULTIPART_BYTES,
    );
    waits = !first && !response.destroyed;
    if (first) {
      const [last = first, before] = [first, ...more].slice(-2).reverse();
      observer?.delivered?.(last, before);
      answerMessages(response, handoff, first, ...more);
    }
  } finally {
    if (!waits) observer?.left?.();
  }
  if (waits) waitForMessage(response, handoff, store, watched);
}

function waitForMessage(
  response: ServerResponse,
  handoff: Handoff,
  store: Store,
  { observer, description }: Watched,
): void {
  let subscription: Subscription | undefined;
  const idle = new IdleTimer(handoff.settings.subscriberTimeout, () => {
    leave();
    subscription?.cancel();
    answerEmpty(response, handoff, 408);
  });
  const forgetExpiry = atExpiry(handoff, () => {
    leave();
    subscription?.cancel();
    answerExpired(response, handoff);
  });
  let waits = true;
  statistics.subscribers.longpoll += 1;
  const leave = (): void => {
    if (waits) statistics.subscribers.longpoll -= 1;
    waits = false;
    idle.stop();
    forgetExpiry();
    observer?.left?.();
  };
  const sink: Sink = {
    format: LONGPOLL_FORMAT,
    write(_data, delivery) {
      observer?.delivered?.(delivery, undefined);
      leave();
      answerMessages(response, handoff, delivery);
      return 0;
    },
    ...(description ? { describe: () => description.text() } : {}),
    end(reason) {
      leave();
      const status = END_STATUS[reason];
      if (status) answerEmpty(response, handoff, status);
      else response.destroy();
    },
  };
  response.on('close', () => {
    leave();
    subscription?.cancel();
  });
  subscription = store.subscribe(handoff.channels, startOf(handoff), sink);
}
