/** `nchan_message_timeout` and `nchan_message_buffer_length` with variables in them (spec/directives.md §4). */
import type { RefusalName } from '../handoff/refusals.ts';
import { parseSeconds } from '../handoff/time.ts';
import { givenValue } from './dynamic-value.ts';

export interface DynamicLimits {
  messageTimeout?: number | undefined;
  messageBufferLength?: number | undefined;
}

/** Evaluates both, or names the refusal for the first that gives nothing sensible. */
export function dynamicLimits(r: NginxHTTPRequest, location: string): DynamicLimits | RefusalName {
  const timeout = givenValue(r, location, 'message_timeout_expression');
  const length = givenValue(r, location, 'message_buffer_length_expression');
  if (timeout === '') return 'message_timeout_missing';
  const messageTimeout = timeout === undefined ? undefined : parseSeconds(timeout);
  if (timeout !== undefined && messageTimeout === undefined) return 'message_timeout_invalid';
  if (length === '') return 'message_buffer_length_missing';
  if (length !== undefined && !/^\d{1,15}$(?!\n)/.test(length)) return 'message_buffer_length_invalid';
  return { messageTimeout, messageBufferLength: length === undefined ? undefined : Number(length) };
}
