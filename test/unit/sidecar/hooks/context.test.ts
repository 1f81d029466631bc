import { describe, expect, it } from 'vitest';
import { addField, fieldsOf } from '../../../../handoff/hooks.ts';
import { DEFAULT_SETTINGS } from '../../../../handoff/settings.ts';
import { type HookContext, readHookContext } from '../../../../sidecar/hooks/context.ts';
import { headOf } from '../../../../sidecar/hooks/request.ts';

const SETTINGS = { ...DEFAULT_SETTINGS, location: 'nginx.conf:1', hookSocket: '/run/plain.sock' };

const list = (fields: Readonly<Record<string, string>>): string => {
  let text = '';
  for (const [name, value] of Object.entries(fields))
    text = addField(text, name, Buffer.from(value, 'latin1'));
  return text;
};
const FIELDS = {
  subscribe_request: '/in',
  method: 'PUT',
  target: '/x?a=1',
  host: 'h',
  args: 'a=1',
  address: '1.2.3.4:5',
  scheme: 'http',
};
const read = (
  fields: Readonly<Record<string, string>> = FIELDS,
  headers: readonly string[] = [],
  settings = SETTINGS,
) => readHookContext(list(fields), settings, headers) as HookContext;

describe('the context of a hand-off', () => {
  it('is none without hooks', () => {
    expect(readHookContext('', SETTINGS, ['A', 'b'])).toBeUndefined();
  });

  it('keeps any bytes', () => {
    const every = String.fromCharCode(...Array.from({ length: 256 }, (_, i) => i));
    const { target, variables } = read({ ...FIELDS, target: every, $mine: every });
    expect(target).toBe(every);
    expect(variables).toEqual([['$mine', fieldsOf(list({ v: every }))[0]?.[1]]]);
  });

  it('leaves out what is about the connection, and everything of ours', () => {
    const headers = [
      'Cookie',
      'a',
      'TE',
      't',
      'keep-alive',
      'k',
      'Connection',
      'c',
      'NJCHAN-X',
      'x',
      'Cookie',
      'b',
    ];
    expect(read(FIELDS, headers).headers).toEqual(['Host', 'h', 'Cookie', 'a', 'Cookie', 'b']);
  });

  it('adds the client’s address where nginx would take another', () => {
    const settings = { ...SETTINGS, hookAddressHeader: 'X-Forwarded-For' };
    const { headers } = read(FIELDS, ['x-forwarded-for', '9.9.9.9', 'A', 'b'], settings);
    expect(headers).toEqual(['Host', 'h', 'A', 'b', 'X-Forwarded-For', '9.9.9.9, 1.2.3.4:5']);
    expect(read(FIELDS, [], settings).headers.slice(2)).toEqual(['X-Forwarded-For', '1.2.3.4:5']);
  });

  it('goes over TLS where the client did, if the server can', () => {
    const tls = { ...SETTINGS, hookTlsSocket: '/run/tls.sock' };
    const https = { ...FIELDS, scheme: 'https' };
    expect([read(https, [], tls), read(https), read(FIELDS, [], tls)].map(({ socket }) => socket)).toEqual([
      '/run/tls.sock',
      '/run/plain.sock',
      '/run/plain.sock',
    ]);
  });

  it('that no gateway wrote is refused', () => {
    expect(() => readHookContext('target=a b', SETTINGS, [])).toThrow('not encoded');
  });
});

describe('a repeated request', () => {
  const fieldsIn = (headers: readonly string[]) =>
    Object.fromEntries(fieldsOf(headers[headers.indexOf('Keep-Alive') + 1] as string));

  it('has the line and the headers of the client’s, and what nginx is to ask', () => {
    const context = read({ ...FIELDS, 'subscribe_request.query': 'k=v', $mine: 'm' }, ['A', 'b']);
    const { method, path, headers } = headOf({
      context,
      kind: 'subscribe_request',
      variables: { nchan_channel_id: 'ü' },
      method: 'GET',
    });
    expect([method, path, headers.slice(0, 6)]).toEqual([
      'PUT',
      '/x?a=1',
      ['Host', 'h', 'A', 'b', 'TE', '1.2.3.4:5'],
    ]);
    expect(fieldsIn(headers)).toEqual({
      uri: '/in',
      query: 'k%3Dv',
      method: 'GET',
      body: '0',
      answer: '0',
      $nchan_channel_id: '%FC',
      $mine: 'm',
    });
  });

  it('names the arguments only when they are not those of the target', () => {
    const { headers } = headOf({
      context: read({ ...FIELDS, args: 'b=2' }),
      kind: 'subscribe_request',
      variables: {},
      method: 'GET',
    });
    expect(fieldsIn(headers).args).toBe('b%3D2');
  });

  it('has the length of a message, and none without one', () => {
    const context = read();
    const head = (message: Buffer) =>
      headOf({ context, kind: 'subscribe_request', variables: {}, method: 'POST', message }).headers;
    expect(head(Buffer.from('four')).slice(-2)).toEqual(['Content-Length', '4']);
    expect(fieldsIn(head(Buffer.from('four')))).toMatchObject({ body: '1', answer: '1' });
    expect(head(Buffer.alloc(0))).not.toContain('Content-Length');
    expect(fieldsIn(head(Buffer.alloc(0)))).toMatchObject({ body: '0', answer: '1' });
  });
});
