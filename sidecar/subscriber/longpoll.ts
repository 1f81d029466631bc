/** Long-poll: the next message, or where the location says so all that are there (spec/http-protocol.md §§5.1, 5.2). */
import type { ServerResponse } from 'node:http';
import type { MessageFormat } from '../fanout/format.ts';
import type { Handoff } from '../handoff.ts';
import { statistics } from '../statistics/statistics.ts';
import type { Sink, Store, Subscription } from '../store/store.ts';
import { atExpiry } from './expiry.ts';
import { answerEmpty, answerExpired, answerMessages } from './poll-answer.ts';
import { END_STATUS, IdleTimer, startOf } from './subscriber.ts';

/** The answer is made from the message itself. */
export const LONGPOLL_FORMAT: MessageFormat = { once: true, encode: ({ message }) => message.data };

/** Messages that one multipart answer takes at most; the client asks again for the rest. */
const MAX_MULTIPART_MESSAGES = 1000;
/** Bytes after which a multipart answer takes no further message. */
const MAX_MULTIPART_BYTES = 1024 * 1024;

/** Answers at once with what is there, or waits for the next message. */
export async function serveLongpoll(response: ServerResponse, handoff: Handoff, store: Store): Promise<void> {
  if (handoff.settings.longpollMultipart !== 'off') {
    const [first, ...more] = await store.read(
      handoff.channels,
      startOf(handoff),
      MAX_MULTIPART_MESSAGES,
      MAX_MULTIPART_BYTES,
    );
    if (first) {
      answerMessages(response, handoff, first, ...more);
      return;
    }
  }
  if (!response.destroyed) waitForMessage(response, handoff, store);
}

function waitForMessage(response: ServerResponse, handoff: Handoff, store: Store): void {
  let subscription: Subscription | undefined;
  const idle = new IdleTimer(handoff.settings.subscriberTimeout, () => {
    stop();
    subscription?.cancel();
    answerEmpty(response, handoff, 408);
  });
  const forgetExpiry = atExpiry(handoff, () => {
    stop();
    subscription?.cancel();
    answerExpired(response, handoff);
  });
  let waits = true;
  statistics.subscribers.longpoll += 1;
  const stop = (): void => {
    if (waits) statistics.subscribers.longpoll -= 1;
    waits = false;
    idle.stop();
    forgetExpiry();
  };
  const sink: Sink = {
    format: LONGPOLL_FORMAT,
    write(_data, delivery) {
      stop();
      answerMessages(response, handoff, delivery);
      return 0;
    },
    end(reason) {
      stop();
      const status = END_STATUS[reason];
      if (status) answerEmpty(response, handoff, status);
      else response.destroy();
    },
  };
  response.on('close', () => {
    stop();
    subscription?.cancel();
  });
  subscription = store.subscribe(handoff.channels, startOf(handoff), sink);
}
