import { describe, expect, it } from 'vitest';
import { negotiateDeflate } from '../../../sidecar/websocket/permessage-deflate.ts';

const DEFAULT_WINDOW = 10;
const answer = (header: string, window = DEFAULT_WINDOW) => negotiateDeflate(header, window)?.answer;

/** spec/http-protocol.md §5.7, and what real Nchan answers beyond it. */
describe('an offer that Nchan accepts gets its answer', () => {
  it.each([
    ['permessage-deflate', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate'],
    ['permessage-deflate; client_max_window_bits=9', 'permessage-deflate; client_max_window_bits=9'],
    ['permessage-deflate; client_max_window_bits="11"', 'permessage-deflate; client_max_window_bits=11'],
    ['permessage-deflate; server_max_window_bits=10', 'permessage-deflate; server_max_window_bits=10'],
    ['permessage-deflate; server_max_window_bits=15', 'permessage-deflate; server_max_window_bits=10'],
    [
      'permessage-deflate; client_max_window_bits=12; client_no_context_takeover; server_no_context_takeover',
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_no_context_takeover, permessage-deflate',
      'permessage-deflate; client_no_context_takeover',
    ],
    ['x-webkit-deflate-frame', 'x-webkit-deflate-frame'],
    ['deflate-frame', 'deflate-frame'],
    ['x-webkit-deflate-frame; max_window_bits=15', 'x-webkit-deflate-frame; max_window_bits=10'],
    ['x-webkit-deflate-frame; no_context_takeover', 'x-webkit-deflate-frame'],
    ['x-webkit-deflate-frame, permessage-deflate', 'permessage-deflate'],
    ['foo, permessage-deflate', 'permessage-deflate'],
  ])('%s', (header, expected) => {
    expect(answer(header)).toBe(expected);
  });
});

describe('an offer that cannot be met is passed over', () => {
  it.each([
    // Nchan: 400
    'permessage-deflate; client_max_window_bits=8',
    'permessage-deflate; client_max_window_bits=16',
    'permessage-deflate; server_max_window_bits=8',
    'permessage-deflate; server_max_window_bits=9',
    'permessage-deflate; server_max_window_bits=16',
    'x-webkit-deflate-frame; max_window_bits=9',
    // Nchan accepts these against RFC 7692 §7.
    'permessage-deflate; foo',
    'permessage-deflate; server_no_context_takeover=1',
    'permessage-deflate; server_max_window_bits',
    'permessage-deflate; server_max_window_bits=010',
    'permessage-deflate; client_max_window_bits=x',
    'permessage-deflate; client_max_window_bits=10; client_max_window_bits=11',
    'permessage-deflate; client_no_context_takeover; client_no_context_takeover',
    'permessage-deflate; max_window_bits=12',
    'permessage-deflate; __proto__=1',
    'permessage-deflate; constructor',
    'x-webkit-deflate-frame; client_max_window_bits=12',
    // No extension of ours, or no header at all
    'PERMESSAGE-DEFLATE',
    'permessage-deflatex',
    '',
    ';',
    'permessage-deflate;',
    'permessage-deflate; client_max_window_bits=',
    'permessage-deflate; client_max_window_bits="10',
    '\xff',
  ])('%j', (header) => {
    expect(answer(header)).toBeUndefined();
    if (header.startsWith('permessage-deflate; ') && !/(=|"10)$/.test(header)) {
      expect(answer(`${header}, permessage-deflate; client_no_context_takeover`)).toBe(
        'permessage-deflate; client_no_context_takeover',
      );
    }
  });
});

describe('what was agreed on', () => {
  it('lets the server use its whole window unless the client limits it', () => {
    expect(negotiateDeflate('permessage-deflate', 12)?.serverWindow).toBe(15);
    expect(negotiateDeflate('permessage-deflate; server_max_window_bits=13', 12)?.serverWindow).toBe(12);
    expect(negotiateDeflate('permessage-deflate; server_max_window_bits=11', 12)).toBeUndefined();
    expect(negotiateDeflate('deflate-frame; max_window_bits=15', 12)?.serverWindow).toBe(12);
  });

  it('tells what inflating the client’s messages takes', () => {
    expect(negotiateDeflate('permessage-deflate; client_max_window_bits', 10)).toMatchObject({
      clientWindow: 15,
      clientResets: false,
    });
    const strict = 'permessage-deflate; client_max_window_bits=9; client_no_context_takeover';
    expect(negotiateDeflate(strict, 10)).toMatchObject({ clientWindow: 9, clientResets: true });
  });
});
