/** What the gateway decided about a request: everything that is handed off besides the location's constant settings. */
import type { Action } from '../handoff/headers.ts';
import type { ParsedMessageId } from '../handoff/message-id.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { PublisherTransport, SubscriberTransport } from '../handoff/settings.ts';
import type { Answer } from './answer.ts';

export interface Outcome {
  action: Action;
  transport: SubscriberTransport | PublisherTransport | '';
  /** Full names, percent-encoded. */
  channels: readonly string[];
  /** What the WebSocket of a subscriber publishes to, where it is not `channels`. */
  publisherChannels?: readonly string[];
  messageId?: ParsedMessageId | undefined;
  messageTimeout?: number | undefined;
  messageBufferLength?: number | undefined;
  /** Percent-encoded. */
  redisUpstream?: string;
  /** Limits that the request sets for its group, as they are handed off. */
  groupLimits?: string;
  /** With the action `subscribe` that of whatever the WebSocket publishes. */
  refusal?: RefusalName;
  /** Access-Control-Allow-Origin where it is not the request's own origin. */
  allowOrigin?: string | undefined;
  /** Unix seconds at which a subscription, or a publisher's WebSocket, ends. */
  expires?: number;
  /** The WebSocket of a subscriber may not publish although its location is a publisher too. */
  readOnly?: boolean;
  /** For a request that nginx answers itself. */
  answer?: Answer;
}

/** A request that is refused. */
export function refuse(refusal: RefusalName, transport: Outcome['transport'] = ''): Outcome {
  return { action: 'refuse', transport, channels: [], refusal };
}
