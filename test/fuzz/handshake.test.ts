/** Whatever a handshake offers, the answer is one head of clean lines, or a refusal. */
import type { IncomingHttpHeaders } from 'node:http';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { REFUSALS } from '../../handoff/refusals.ts';
import { DEFAULT_SETTINGS } from '../../handoff/settings.ts';
import { acceptHandshake } from '../../sidecar/websocket/handshake.ts';
import { MAX_WINDOW, MIN_WINDOW, negotiateDeflate } from '../../sidecar/websocket/permessage-deflate.ts';
import { cases, extensionsText, grammar, headerOf, headerValue, present } from './fuzzing.ts';

const window = fc.integer({ min: MIN_WINDOW, max: MAX_WINDOW });
const headers = fc.record(
  {
    'sec-websocket-version': headerOf('13', '8', '13, 8'),
    'sec-websocket-key': headerOf('dGhlIHNhbXBsZSBub25jZQ==', 'short', 'AAAAAAAAAAAAAAAAAAAAAA=='),
    'sec-websocket-protocol': headerOf(grammar('ws+meta.nchan', ', ', 'foo', ' ')),
    'sec-websocket-extensions': headerOf(extensionsText),
  },
  { noNullPrototype: true },
);

it('a handshake is answered with clean header lines or refused', () => {
  let accepted = 0;
  fc.assert(
    fc.property(headers, headerOf(headerValue), window, (given, origin, deflateWindow) => {
      const cors = origin === undefined ? [] : [['Access-Control-Allow-Origin', origin] as const];
      const answer = acceptHandshake(present(given) as IncomingHttpHeaders, cors, {
        ...DEFAULT_SETTINGS,
        deflateWindow,
      });
      if ('refusal' in answer) {
        expect(Object.hasOwn(REFUSALS, answer.refusal)).toBe(true);
        return;
      }
      accepted += 1;
      const lines = answer.head.toString('latin1').split('\r\n');
      expect(lines.splice(-2)).toEqual(['', '']);
      expect(lines[0]).toBe('HTTP/1.1 101 Switching Protocols');
      for (const line of lines.slice(1)) expect(line).toMatch(/^[A-Za-z-]+: [^\r\n\0]*$/);
    }),
    cases(),
  );
  expect(accepted).toBeGreaterThan(100);
});

/** RFC 7692 §7.1: what may stand in an answer, and only if it was offered. */
const ANSWER =
  /^(?:permessage-deflate(?:; (?:server_no_context_takeover|client_no_context_takeover|(?:server|client)_max_window_bits=(?:9|1[0-5])))*|(?:x-webkit-)?deflate-frame(?:; max_window_bits=(?:9|1[0-5]))?)$/;

it('compression is only agreed on as it was offered', () => {
  let agreed = 0;
  fc.assert(
    fc.property(fc.oneof(extensionsText, headerValue), window, (offer, deflateWindow) => {
      const agreement = negotiateDeflate(offer, deflateWindow);
      if (!agreement) return;
      agreed += 1;
      expect(agreement.answer).toMatch(ANSWER);
      expect(agreement.serverWindow).toBeGreaterThanOrEqual(deflateWindow);
      expect(agreement.clientWindow).toBeGreaterThanOrEqual(MIN_WINDOW);
      for (const parameter of agreement.answer.split('; ')) {
        expect(offer).toContain(parameter.split('=')[0]);
      }
    }),
    cases(),
  );
  expect(agreed).toBeGreaterThan(100);
});
