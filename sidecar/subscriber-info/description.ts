/** What a location tells of one of its subscribers, made when somebody asks (spec/hooks.md §5). */
import type { StringTemplate } from '../../handoff/strings.ts';
import type { Handoff } from '../handoff.ts';
import { channelVariables } from '../hooks/variables.ts';
import { fillIn } from '../strings/template.ts';
import { stringValues } from '../strings/values.ts';
import type { SubscriberObserver } from '../subscriber/observer.ts';
import { SeenIds } from '../subscriber/seen-ids.ts';

/** Parts that change while it subscribes. */
const CHANGING = new Set(['$nchan_message_id', '$nchan_prev_message_id']);

/** There is one for each subscriber, so it holds on to what came with the request as it came, and to little of it. */
export class SubscriberDescription {
  readonly #template: StringTemplate;
  readonly #values: string;
  readonly #transport: Handoff['transport'];
  readonly #channels: readonly string[];
  readonly #ids: SeenIds | undefined;

  /** @param template the location's */
  constructor({ infoValues, transport, channels, messageId }: Handoff, template: StringTemplate) {
    this.#template = template;
    this.#values = infoValues;
    this.#transport = transport;
    this.#channels = channels;
    this.#ids = template.some((part) => CHANGING.has(part)) ? new SeenIds({ messageId }) : undefined;
  }

  /** Has to know of every delivery; undefined where nothing depends on these. */
  get observer(): SubscriberObserver | undefined {
    return this.#ids;
  }

  text(): Buffer {
    const text = fillIn(this.#template, stringValues(this.#values), {
      ...channelVariables({ channels: this.#channels }),
      nchan_subscriber_type: this.#transport,
      nchan_message_id: this.#ids?.messageId,
      nchan_prev_message_id: this.#ids?.previousId,
      nchan_channel_subscriber_last_seen: '0',
      nchan_channel_subscriber_count: '0',
      nchan_channel_message_count: '0',
    });
    return Buffer.from(text, 'latin1');
  }
}

/** Undefined where nobody could ask. */
export function descriptionOf(handoff: Handoff): SubscriberDescription | undefined {
  const { subscriberInfo, subscriberInfoString } = handoff.settings;
  if (subscriberInfo || !subscriberInfoString) return undefined;
  return new SubscriberDescription(handoff, subscriberInfoString);
}
