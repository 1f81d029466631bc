/** The events of one request. */
import { DEFAULT_EVENT_STRING, type StringTemplate } from '../../handoff/strings.ts';
import type { Handoff } from '../handoff.ts';
import { channelVariables, startId } from '../hooks/variables.ts';
import type { PublisherInfo } from '../publisher/publish.ts';
import { fillIn, type StringVariables, valueCount } from '../strings/template.ts';
import { stringValues } from '../strings/values.ts';

/** What may happen (spec/hooks.md §6). */
export type EventName = 'subscriber_enqueue' | 'subscriber_dequeue' | 'channel_publish' | 'channel_delete';

/** Of variables that are numbers, where nothing is known of them. */
const NO_COUNTS = {
  nchan_channel_subscriber_last_seen: '0',
  nchan_channel_subscriber_count: '0',
  nchan_channel_message_count: '0',
};

export class RequestEvents {
  readonly #handoff: Handoff;
  readonly #channel: StringTemplate;
  readonly #publish: (id: string, data: Buffer) => void;

  /**
   * @param channel the id of the channel for events
   * @param publish is given its id, one character a byte, and the text
   */
  constructor(handoff: Handoff, channel: StringTemplate, publish: (id: string, data: Buffer) => void) {
    this.#handoff = handoff;
    this.#channel = channel;
    this.#publish = publish;
  }

  /** @param variables those that the event sets besides those of the channels */
  emit(event: EventName, variables: StringVariables): void {
    const { settings, eventValues } = this.#handoff;
    const all = {
      ...NO_COUNTS,
      ...channelVariables(this.#handoff),
      ...variables,
      nchan_channel_event: event,
    };
    const values = stringValues(eventValues);
    const ofChannel = valueCount(this.#channel);
    const id = fillIn(this.#channel, values, all);
    const text = fillIn(settings.eventString ?? DEFAULT_EVENT_STRING, values.slice(ofChannel), all);
    this.#publish(id, Buffer.from(text, 'latin1'));
  }

  /**
   * A message was published.
   * @param info what its publisher is told
   */
  published(info: PublisherInfo): void {
    const { channels, transport, action, messageId } = this.#handoff;
    const isWebSocket = transport === 'websocket';
    const variables: StringVariables = {
      ...counts(info),
      nchan_message_id: channels.length === 1 ? info.lastMessageId : '',
      // Who publishes over the WebSocket of a subscriber is none for Nchan.
      nchan_publisher_type: action === 'publish' ? transport : '',
      ...(isWebSocket ? { nchan_subscriber_type: transport, nchan_prev_message_id: startId(messageId) } : {}),
    };
    // Long-polls that waited for it are answered in this turn, and come before it.
    setImmediate(() => this.emit('channel_publish', variables));
  }

  /** Channels were deleted. @param info as they were before; undefined when there were none */
  deleted(info: PublisherInfo | undefined): void {
    this.emit('channel_delete', {
      ...(info ? counts(info) : {}),
      nchan_publisher_type: this.#handoff.transport,
    });
  }
}

function counts(info: PublisherInfo): StringVariables {
  return {
    nchan_channel_subscriber_last_seen: String(info.lastSeenSubscriber ?? 0),
    nchan_channel_subscriber_count: String(info.subscribers),
    nchan_channel_message_count: String(info.messages),
  };
}
