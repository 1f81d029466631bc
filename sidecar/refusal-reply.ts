/** Answers to requests that are refused, whatever they came by. */

import { corsHeaders, exposedHeaders, VARY_HEADERS } from '../handoff/cors.ts';
import { formatTags } from '../handoff/message-id.ts';
import type { RefusalName } from '../handoff/refusals.ts';
import type { ServerContext } from './context.ts';
import type { Handoff } from './handoff.ts';
import { HandoffError } from './handoff-settings.ts';
import { allowedMethods } from './publisher/http.ts';
import { logRecurringFault } from './recurring-fault.ts';
import { type HeaderList, type Reply, refusalReply } from './reply.ts';

/**
 * For a request that is no hand-off: somebody else has found the socket, or the gateway is of another version.
 * @throws whatever is no HandoffError
 */
export function notAHandoff(context: ServerContext, error: unknown): Reply {
  if (!(error instanceof HandoffError)) throw error;
  const message = `refused a request that is no hand-off of this gateway: ${error.message}`;
  logRecurringFault(context.log, 'NJ-NOT-A-HANDOFF', '', message);
  return { status: 400, headers: [['Content-Type', 'text/plain']], body: 'not a hand-off\n' };
}

/** Refusals after which a polling client is told that the answer was to its message id. */
const VARYING: ReadonlySet<RefusalName> = new Set([
  'message_id_tag_count',
  'channel_does_not_exist',
  'too_many_subscribers',
  'group_takes_no_channel',
  'group_takes_no_subscriber',
]);

/** The answer to a hand-off, with the headers that the client of its transport expects. */
export function refuse(refusal: RefusalName, handoff: Handoff): Reply {
  const polls = handoff.transport === 'longpoll' || handoff.transport === 'intervalpoll';
  const id = handoff.messageId;
  const isForeign =
    refusal === 'message_id_tag_count' && id !== undefined && id.tags.length > handoff.channels.length;
  const polling: HeaderList =
    polls && VARYING.has(refusal)
      ? [
          ...(isForeign ? [['Etag', formatTags(id)] as const] : []),
          ...exposedHeaders(handoff),
          ...VARY_HEADERS,
        ]
      : [];
  const allow: HeaderList =
    refusal === 'method_not_allowed' ? [['Allow', `${allowedMethods(handoff)}, OPTIONS`]] : [];
  return refusalReply(refusal, handoff.nginx, [...allow, ...polling, ...corsHeaders(handoff)]);
}
