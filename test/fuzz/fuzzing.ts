/** What the fuzz tests share. They are seeded, and vitest itself fails the run on an unhandled rejection. */
import fc from 'fast-check';
import { SEED } from '../support/seed.ts';

/** Cases of each property on functions or on a sidecar in this process. */
const RUNS = 20_000;
/** Cases through a real nginx. */
const RUNS_THROUGH_NGINX = 2000;

/** Parameters of fc.assert. Groups of cases, as one case of a stateful property holds, count each. */
export function cases(perCase = 1): { numRuns: number; seed: number } {
  return { numRuns: Math.ceil(RUNS / perCase), seed: SEED };
}

/** The same for cases through a real nginx. */
export function throughNginx(perCase: number): { numRuns: number; seed: number } {
  return { numRuns: Math.ceil(RUNS_THROUGH_NGINX / perCase), seed: SEED };
}

/** Characters that may stand in a header's value on the wire: no control characters but the tab. */
const HEADER_CHARACTERS = fc.integer({ min: 9, max: 255 }).map((code) => {
  const allowed = code === 9 || (code >= 32 && code !== 127);
  return String.fromCharCode(allowed ? code : 32);
});

/** Any header value, blanks at its ends taken off as nginx does. */
export const headerValue = fc
  .string({ unit: HEADER_CHARACTERS, maxLength: 200 })
  .map((text) => text.replace(/^[ \t]+|[ \t]+$/g, ''));

/**
 * Text put together from pieces that mean something where it is read, and from noise: far more of it gets past the
 * first check than of pure noise.
 */
export function grammar(...pieces: readonly string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom(...pieces) },
    { weight: 1, arbitrary: fc.string({ unit: HEADER_CHARACTERS, maxLength: 5 }) },
    { weight: 1, arbitrary: fc.nat().map(String) },
  );
  return fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('').replace(/^[ \t]+|[ \t]+$/g, ''));
}

/** One of the values, or a header value of any kind, or none. */
export function headerOf(
  ...values: readonly (fc.Arbitrary<string> | string)[]
): fc.Arbitrary<string | undefined> {
  const sensible = values.map((value) => (typeof value === 'string' ? fc.constant(value) : value));
  return fc.oneof(
    { weight: 6, arbitrary: fc.oneof(...sensible) },
    { weight: 1, arbitrary: headerValue },
    { weight: 7, arbitrary: fc.constant(undefined) },
  );
}

/** The headers that have a value. */
export function present(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const list = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(list);
}

/** Message ids, tag lists and near misses. */
export const idText = grammar(
  '0',
  '1',
  '17952465',
  '39',
  ':',
  ':',
  ',',
  '[',
  ']',
  '-',
  '-1',
  '32767',
  '"',
  'W/',
  ' ',
);

export const dateText = fc.oneof(
  fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  grammar(
    'Sat',
    ', ',
    '21',
    ' ',
    'Nov',
    '2026',
    '07:33:57',
    ' GMT',
    'Thu, 01 Jan 1970 00:00:00 GMT',
    '-',
    '+0100',
  ),
);

export const acceptText = grammar(
  'text/',
  'application/',
  'json',
  'xml',
  'yaml',
  'plain',
  'event-stream',
  'text/event-stream',
  'multipart/mixed',
  ', ',
  ';q=0.5',
  '*/*',
);

export const teText = grammar('chunked', 'Chunked', 'trailers', ', ', ';q=', '0.5', '1', '.', ' ', 'gzip');

export const extensionsText = grammar(
  'permessage-deflate',
  'x-webkit-deflate-frame',
  'deflate-frame',
  '; ',
  ', ',
  'client_max_window_bits',
  'server_max_window_bits',
  'client_no_context_takeover',
  'server_no_context_takeover',
  'max_window_bits',
  '=',
  '=10',
  '=15',
  '="9"',
);
