/** Requests to group locations: looking, limiting, deleting. The gateway has refused what is not allowed. */
import type { IncomingHttpHeaders } from 'node:http';
import { corsHeaders } from '../../handoff/cors.ts';
import type { Handoff } from '../handoff.ts';
import { contentTypeOf, negotiateFormat } from '../publisher/channel-info.ts';
import type { Reply } from '../reply.ts';
import type { Stores } from '../store/stores.ts';
import { formatGroup } from './figures.ts';

/** GET and POST show what the group has; DELETE what it had. */
export async function groupRequest(
  stores: Stores,
  handoff: Handoff,
  headers: IncomingHttpHeaders,
): Promise<Reply> {
  const { action, channels, groupLimits } = handoff;
  // The name of a channel without an id; the name of the group may have slashes.
  const name = (channels[0] as string).slice(0, -1);
  if (action === 'group_set' && groupLimits) stores.groups.limit(name, groupLimits, true);
  const format = negotiateFormat(headers.accept);
  const body = formatGroup(stores.groups.figures(name), format);
  if (action === 'group_delete') await stores.deleteGroup(name);
  return { status: 200, headers: [['Content-Type', contentTypeOf(format)], ...corsHeaders(handoff)], body };
}
