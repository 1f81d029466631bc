import type { MessageDraft } from '../message.ts';
import type { BufferLimits } from '../store.ts';
import type { RedisLink, ScriptArgument } from './link.ts';

/** The arguments with which every publishing script begins: data, content type, event, compression, ttl. */
export function publishArguments(draft: MessageDraft, timeoutSeconds: number): ScriptArgument[] {
  return [
    draft.data,
    latin1(draft.contentType),
    latin1(draft.eventsourceEvent),
    draft.deflated ? 1 : 0,
    timeoutSeconds,
  ];
}

/**
 * The arguments of the script that stores a message, up to its optional ones.
 * @param cutoffBytes bytes from which on a message is announced by its key.
 * @param accurate as the script has it.
 */
export function storeArguments(
  draft: MessageDraft,
  limits: BufferLimits,
  { publishCommand }: RedisLink,
  cutoffBytes: number,
  accurate: '0' | '1',
): ScriptArgument[] {
  return [
    ...publishArguments(draft, limits.timeoutSeconds),
    limits.length,
    cutoffBytes,
    publishCommand,
    accurate,
  ];
}

function latin1(text: string): ScriptArgument {
  return text === '' ? '' : Buffer.from(text, 'latin1');
}
