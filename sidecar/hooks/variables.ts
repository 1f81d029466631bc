/** Nchan's variables in hooks (spec/hooks.md §10). The gateway has them for the client's request; these are the hook's. */

import { decodedBytes } from '../../handoff/hooks.ts';
import { formatMessageId, type ParsedMessageId } from '../../handoff/message-id.ts';
import { ID_VARIABLES, KNOWN_MESSAGE_ID_VARIABLE } from '../../handoff/nchan-variables.ts';
import type { Handoff } from '../handoff.ts';
import type { HookVariables } from './request.ts';

const BEFORE_ANY = '0:0';

/** Those of the channels. */
export function channelVariables({ channels }: Pick<Handoff, 'channels'>): HookVariables {
  const variables: Record<string, string> = {};
  ID_VARIABLES.forEach((variable, i) => {
    const name = channels[i];
    if (name === undefined) return;
    const id = Buffer.from(decodedBytes(name.slice(name.indexOf('/') + 1))).toString('latin1');
    if (i === 0) variables.nchan_channel_id = id;
    variables[variable] = id;
  });
  return variables;
}

/** The id that a subscriber began after. */
export function startId(messageId: ParsedMessageId | undefined): string {
  return messageId ? formatMessageId(messageId) : BEFORE_ANY;
}

/** The variable for `$nchan_message_id`, whose own value is what a hand-off reported. */
export const MESSAGE_ID = KNOWN_MESSAGE_ID_VARIABLE;
