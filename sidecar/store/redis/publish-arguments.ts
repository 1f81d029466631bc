import type { MessageDraft } from '../message.ts';
import type { ScriptArgument } from './link.ts';

/** The arguments with which every publishing script begins: data, content type, event, compression, ttl. */
export function publishArguments(draft: MessageDraft, timeoutSeconds: number): ScriptArgument[] {
  return [
    draft.data,
    Buffer.from(draft.contentType, 'latin1'),
    Buffer.from(draft.eventsourceEvent, 'latin1'),
    draft.deflated ? 1 : 0,
    timeoutSeconds,
  ];
}
