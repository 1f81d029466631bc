/** The user's limits for the head of a request, which hold for repeated ones as well (docs/hooks.md). */
import { DEFAULT_SETTINGS, type HeadLimits } from '../../handoff/settings.ts';
import type { Directive } from './parser.ts';

const SIZE = /^(\d+)([km]?)$/i;
const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 * 1024 };

/** @param inForce gives the directive of a name that counts for the server */
export function headLimits(inForce: (name: string) => Directive | undefined): HeadLimits {
  const [firstBytes, buffers, bytes, headers] = DEFAULT_SETTINGS.hookHeadLimits;
  const first = inForce('client_header_buffer_size')?.args;
  const large = inForce('large_client_header_buffers')?.args;
  return [
    sizeOf(first?.[0]?.text) ?? firstBytes,
    sizeOf(large?.[0]?.text) ?? buffers,
    sizeOf(large?.[1]?.text) ?? bytes,
    sizeOf(inForce('max_headers')?.args[0]?.text) ?? headers,
  ];
}

/** Bytes; undefined for what nginx will refuse by itself. */
function sizeOf(text = ''): number | undefined {
  const [, digits, unit = ''] = SIZE.exec(text) ?? [];
  return digits === undefined ? undefined : Number(digits) * (UNITS[unit.toLowerCase()] as number);
}
