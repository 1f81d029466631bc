/** Which pages may use a location (spec/http-protocol.md §7). */
import { type GatewayCase, refused } from './cases.ts';

const ORIGIN = { Origin: 'http://a.com' };
const allowing = (origins: string) => ({ njchan_1_allow_origin_expression: origins });
const ALLOWED = { action: 'subscribe', allow_origin: '' };

export const ORIGIN_CASES: readonly GatewayCase[] = [
  { name: 'every origin, where none is named', headers: ORIGIN, expected: ALLOWED },
  {
    name: 'any origin',
    headers: ORIGIN,
    variables: allowing('*'),
    expected: { action: 'subscribe', allow_origin: '*' },
  },
  ...[
    'http://a.com',
    'http://b.com http://a.com',
    '  http://a.com  ',
    'http://b.com *',
    '* http://b.com',
  ].map(
    (origins): GatewayCase => ({
      name: `an origin of "${origins}"`,
      headers: ORIGIN,
      variables: allowing(origins),
      expected: ALLOWED,
    }),
  ),
  ...['', ' ', 'http://A.com', 'http://a.com/', 'http://a.co', 'http://a.com.evil.org', '**'].map(
    (origins): GatewayCase => ({
      name: `an origin that is not "${origins}"`,
      headers: ORIGIN,
      variables: allowing(origins),
      expected: refused('origin_refused'),
    }),
  ),
  {
    name: 'an origin with blanks is none of a list',
    headers: { Origin: 'http://a.com http://b.com' },
    variables: allowing('http://a.com http://b.com'),
    expected: refused('origin_refused'),
  },
  {
    name: 'the origin null is one like others',
    headers: { Origin: 'null' },
    variables: allowing('http://a.com'),
    expected: refused('origin_refused'),
  },
  { name: 'a request without an origin', variables: allowing('http://b.com'), expected: ALLOWED },
  {
    name: 'the origin before the method',
    method: 'PATCH',
    headers: ORIGIN,
    variables: allowing('http://b.com'),
    expected: refused('origin_refused'),
  },
];
