/** Unsubscribe requests as they are kept in Redis, where others may have written. */
import { describe, expect, it } from 'vitest';
import type { HookContext } from '../../../../sidecar/hooks/context.ts';
import { formatRecord, parseRecord } from '../../../../sidecar/hooks/record.ts';

const EVERY_BYTE = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
const CONTEXT: HookContext = {
  socket: '/run/njchan/hooks/0123456789s.sock',
  tls: true,
  location: 'nginx.conf:7',
  uris: { subscribe_request: '/in', unsubscribe_request: '/out' },
  queries: { subscribe_request: 'a=1', unsubscribe_request: EVERY_BYTE },
  method: 'GET',
  target: '/sub/x?y',
  args: 'y',
  address: '1.2.3.4:5',
  headers: ['Host', 'h', 'Cookie', EVERY_BYTE],
  variables: [['$mine', '%00']],
};
const VARIABLES = { nchan_channel_id: EVERY_BYTE };
const RECORD = formatRecord(CONTEXT, VARIABLES);
const changed = (change: object): string => JSON.stringify({ ...JSON.parse(RECORD), ...change });

describe('a record', () => {
  it('has all that the request takes, and no other', () => {
    expect(parseRecord(RECORD, '/elsewhere/hooks')).toEqual({
      context: {
        ...CONTEXT,
        socket: '/elsewhere/hooks/0123456789s.sock',
        uris: { unsubscribe_request: '/out' },
        queries: { unsubscribe_request: EVERY_BYTE },
      },
      kind: 'unsubscribe_request',
      variables: VARIABLES,
      method: 'GET',
    });
  });

  it('may have no query', () => {
    const record = formatRecord({ ...CONTEXT, queries: {} }, {});
    expect(parseRecord(record, '/')?.context.queries).toEqual({});
  });

  it.each(['../docker.sock', '/run/docker.sock', 'a/b', '..', '.', '', 'a\0b', 7])(
    'leads to no other socket: %j',
    (socket) => {
      expect(parseRecord(changed({ socket }), '/run/njchan/hooks')).toBeUndefined();
    },
  );

  it.each([
    ...['', '{', 'null', '7', '"x"', '[]', '{}'],
    ...[{ tls: 1 }, { uri: null }, { query: 1 }, { target: undefined }, { variables: [['$a']] }].map(changed),
    ...[{ headers: [] }, { headers: ['Host'] }, { headers: ['Host', 1] }, { hookVariables: null }].map(
      changed,
    ),
    changed({ hookVariables: { a: 1 } }),
  ])('is not %s', (text) => {
    expect(parseRecord(text, '/run/njchan/hooks')).toBeUndefined();
  });
});
