/** Whatever a token holds, it is read or refused; and rights are what a regular expression makes of them. */
import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeChannelName } from '../../handoff/channel-name.ts';
import { DEFAULT_SETTINGS } from '../../handoff/settings.ts';
import { DEFAULT_TOKEN_SETTINGS, TOKEN_SUBPROTOCOL } from '../../handoff/token.ts';
import { checkClaims } from '../../njs/token/claims.ts';
import { isFault } from '../../njs/token/fault.ts';
import { parseToken } from '../../njs/token/parse.ts';
import { allows } from '../../njs/token/rights.ts';
import { acceptHandshake } from '../../sidecar/websocket/handshake.ts';
import { HANDSHAKE } from '../support/raw-websocket.ts';
import { cases, grammar, headerValue } from './fuzzing.ts';

const NOW = 1_800_000_000;

const base64url = (text: string): string => Buffer.from(text).toString('base64url');
const anything = fc.anything({ maxDepth: 1, maxKeys: 2 });
const json = fc.oneof(
  fc.json({ maxDepth: 2 }),
  fc
    .record(
      {
        alg: fc.oneof(fc.constantFrom('HS256', 'none', 'ES256'), anything),
        kid: fc.oneof(fc.string(), anything),
        typ: fc.oneof(fc.constantFrom('JWT', 'at+jwt'), anything),
        exp: fc.oneof(fc.integer({ min: NOW, max: NOW + 100 }), fc.double(), anything),
        nbf: fc.oneof(fc.integer(), anything),
        aud: fc.oneof(fc.string(), fc.array(anything)),
        sub: fc.oneof(fc.string(), anything),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? 1 : inner))),
);
const part = fc.oneof({ weight: 5, arbitrary: json.map(base64url) }, headerValue);
const tokenText = fc.oneof(
  { weight: 5, arbitrary: fc.tuple(part, part, part).map((parts) => parts.join('.')) },
  headerValue,
);

it('a token is three parts that stand for themselves alone, or is refused', () => {
  let read = 0;
  fc.assert(
    fc.property(tokenText, (text) => {
      const token = parseToken(text);
      if (isFault(token)) {
        expect(token.refusal).toBe('token_invalid');
        return;
      }
      read += 1;
      expect(`${token.signed}.${token.signature.toString('base64url')}`).toBe(text);
      expect(typeof token.alg).toBe('string');
      const good = checkClaims(token.claims, DEFAULT_TOKEN_SETTINGS, NOW);
      if (isFault(good)) return;
      expect(good.expires).toBeGreaterThan(NOW);
      expect(Number.isSafeInteger(good.expires)).toBe(true);
      expect(good.sub).toMatch(/^[^\x00-\x1f\x7f]*$/);
    }),
    cases(5),
  );
  expect(read).toBeGreaterThan(100);
});

const bytes = fc.oneof(
  grammar('a', 'b', 'ab', '/', '-', '*', '%'),
  fc.string({ unit: 'binary', maxLength: 8 }),
);

/** The pattern as a regular expression over bytes, each a character. */
function oracle(pattern: string): RegExp | undefined {
  if (/%(?![0-9a-f]{2})/i.test(pattern)) return undefined;
  const source = Buffer.from(pattern)
    .toString('latin1')
    .replace(/\*|%([0-9a-f]{2})|[\s\S]/gi, (char, hex: string | undefined) => {
      if (char === '*') return '[^/]*';
      const code = hex === undefined ? char.charCodeAt(0) : Number.parseInt(hex, 16);
      return `\\x${code.toString(16).padStart(2, '0')}`;
    });
  return new RegExp(`^${source}$`);
}

it('a pattern fits the names that its regular expression fits', () => {
  let fitting = 0;
  const group = fc.constantFrom('', 'a', 'b');
  fc.assert(
    fc.property(bytes, bytes, group, fc.boolean(), (pattern, id, inGroup, isDerived) => {
      // Half of the names come out of the pattern, so that many fit.
      const name = Buffer.from(isDerived ? pattern.replaceAll('*', id.slice(0, 2)) : id);
      const expected = oracle(pattern)?.test(
        `${inGroup === '' ? '' : `${inGroup}/`}${name.toString('latin1')}`,
      );
      if (expected) fitting += 1;
      const channel = `${inGroup}/${encodeChannelName(name)}`;
      expect(allows({ publish: [pattern] }, 'publish', [channel])).toBe(expected ?? false);
    }),
    cases(),
  );
  expect(fitting).toBeGreaterThan(500);
});

it('a handshake is answered with a subprotocol that was offered, and with the token only if it has to be', () => {
  const settings = { ...DEFAULT_SETTINGS, tokenMode: 'required' } as const;
  const offers = grammar('ws+meta.nchan', ', ', ', ', TOKEN_SUBPROTOCOL, 'a.b.c', 'chat', ' ', '"');
  let answered = 0;
  fc.assert(
    fc.property(offers, (offer) => {
      const headers = Object.fromEntries(
        Object.entries({ ...HANDSHAKE, 'Sec-WebSocket-Protocol': offer }).map(([name, value]) => [
          name.toLowerCase(),
          value,
        ]),
      );
      const answer = acceptHandshake(headers as IncomingHttpHeaders, [], settings);
      if ('refusal' in answer) throw new Error(answer.refusal);
      const chosen = /\r\nSec-WebSocket-Protocol: (.*)\r\n/.exec(answer.head.toString('latin1'))?.[1];
      const names = offer.split(',').map((name) => name.trim());
      if (chosen === undefined) return;
      answered += 1;
      expect(names).toContain(chosen);
      expect(chosen).toMatch(/^[!-~]+$/);
      if (!chosen.startsWith(TOKEN_SUBPROTOCOL)) return;
      const others = names.filter((name) => /^[\w.+]+$/.test(name) && !name.startsWith(TOKEN_SUBPROTOCOL));
      expect(others).toEqual([]);
    }),
    cases(),
  );
  expect(answered).toBeGreaterThan(500);
});
