/** Long-poll: one message an answer, its id in Last-Modified and Etag (spec/http-protocol.md §5.1). */
import type { ServerResponse } from 'node:http';
import { formatHttpDate } from '../../handoff/http-date.ts';
import { formatTags } from '../../handoff/message-id.ts';
import type { Handoff } from '../handoff.ts';
import { corsHeaders, type HeaderList, sendReply, VARY } from '../reply.ts';
import type { Delivery } from '../store/message.ts';
import type { EndReason, Sink, Store } from '../store/store.ts';
import { LONGPOLL_FORMAT } from './formats.ts';
import { END_STATUS, type EndStatus, IdleTimer, startOf } from './subscriber.ts';

const EXPOSED: HeaderList = [['Access-Control-Expose-Headers', 'Last-Modified, Etag, Content-Type']];

/** Answers with the next message, or when the wait ends. */
export function serveLongpoll(response: ServerResponse, handoff: Handoff, store: Store): void {
  const answer = (status: number, headers: HeaderList, body?: Buffer): void => {
    idle.stop();
    const exposed = handoff.origin === undefined ? [] : EXPOSED;
    sendReply(response, {
      status,
      headers: [...headers, ...exposed, ...VARY, ...corsHeaders(handoff.origin)],
      body,
    });
  };
  const ended = (status: EndStatus): void => {
    const id = handoff.messageId;
    answer(status, status === 408 && id ? [['Etag', formatTags(id)]] : []);
  };

  const idle = new IdleTimer(handoff.settings.subscriberTimeout, () => {
    subscription.cancel();
    ended(408);
  });
  const sink: Sink = {
    format: LONGPOLL_FORMAT,
    write(data: Buffer, { message, id }: Delivery): number {
      const contentType: HeaderList =
        message.contentType === '' ? [] : [['Content-Type', message.contentType]];
      answer(200, [...contentType, ['Last-Modified', formatHttpDate(id.time)], ['Etag', id.tags]], data);
      return 0;
    },
    end(reason: EndReason): void {
      if (reason === 'overflow') response.destroy();
      else ended(END_STATUS[reason]);
    },
  };
  const subscription = store.subscribe(handoff.channels, startOf(handoff), sink);
  response.on('close', () => {
    idle.stop();
    subscription.cancel();
  });
}
