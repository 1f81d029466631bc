/** Whatever a request holds, the gateway hands it off once, and the sidecar understands what it is handed. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_HANDOFF_LOCATION, HANDOFF } from '../../handoff/headers.ts';
import { REFUSALS } from '../../handoff/refusals.ts';
import { readHandoff } from '../../sidecar/handoff.ts';
import { EVERY_TRANSPORT } from '../njs/cases.ts';
import { REPOSITORY } from '../support/files.ts';
import { acceptText, cases, dateText, headerOf, idText, present, teText } from './fuzzing.ts';

/** As much of nginx's request as the gateway looks at. */
interface FakeRequest {
  method: string;
  httpVersion: string;
  headersIn: Record<string, string>;
  variables: Record<string, string>;
  rawVariables: Record<string, Buffer>;
  internalRedirect(uri: string): void;
}

type Handler = (r: FakeRequest) => void;

const bundle = pathToFileURL(join(REPOSITORY, 'dist/njs/njchan.js')).href;
const gateway: Record<string, Handler> = (await import(bundle)).default;

const transports = fc.subarray(EVERY_TRANSPORT);
const channelId = fc.oneof(
  fc.constantFrom('foo', 'a,b', 'a,,b,', ',', '', 'x'.repeat(40)),
  fc.uint8Array({ maxLength: 40 }),
);

const settings = fc.record(
  {
    publisher: fc.subarray(['http', 'websocket']),
    subscriber: transports,
    maxChannelIdLength: fc.constantFrom(1, 30, 1024),
    channelIdSplitDelimiter: fc.constantFrom('', ',', ',,'),
    compoundEtag: fc.boolean(),
  },
  { noNullPrototype: true },
);

const request = fc.record(
  {
    role: fc.constantFrom('publisher', 'subscriber', 'pubsub'),
    method: fc.constantFrom('GET', 'GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'FOO'),
    httpVersion: fc.constantFrom('1.0', '1.1', '2.0'),
    settings: fc.option(settings, { nil: undefined }),
    headers: fc.record(
      {
        Connection: headerOf('upgrade', 'keep-alive, Upgrade'),
        Upgrade: headerOf('websocket', 'WebSocket', 'websocket, foo'),
        Accept: headerOf('text/event-stream', 'multipart/mixed', acceptText),
        TE: headerOf('chunked', teText),
        'If-Modified-Since': headerOf(dateText),
        'If-None-Match': headerOf(idText),
        Etag: headerOf(idText),
      },
      { noNullPrototype: true },
    ),
    ids: fc.array(channelId, { maxLength: 3 }),
    group: fc.option(fc.constantFrom('', 'g', 'm', 'a/b', 'é'), { nil: undefined }),
    lastEventId: headerOf(idText),
    timeout: headerOf('5', '1h30m', 'x', '-1', '9'.repeat(40)),
    length: headerOf('5', '0', '-1', '9'.repeat(40)),
  },
  { noNullPrototype: true },
);

/** The variables of location number 1, and of those of the client's request that the gateway reads. */
function variablesOf(one: typeof request extends fc.Arbitrary<infer T> ? T : never): Record<string, Buffer> {
  const texts: Record<string, string | Uint8Array | undefined> = {
    njchan_location: '1',
    njchan_settings: one.settings && JSON.stringify(one.settings),
    njchan_1_channel_group: one.group,
    njchan_1_message_timeout_expression: one.timeout,
    njchan_1_message_buffer_length_expression: one.length,
    http_last_event_id: one.lastEventId,
    arg_last_event_id: one.lastEventId,
  };
  one.ids.forEach((id, i) => {
    texts[`njchan_1_channel_id${i === 0 ? '' : `_${i + 1}`}`] = id;
  });
  const given = Object.entries(texts).filter((entry) => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, value]) => [name, Buffer.from(value as string)]));
}

it('any request is handed off once, in a form that the sidecar reads and no header can be forged by', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(request, (one) => {
      const rawVariables = variablesOf(one);
      const texts = Object.entries(rawVariables).map(([name, value]) => [name, value.toString('utf8')]);
      const variables: Record<string, string> = Object.fromEntries(texts);
      for (const [name, value] of Object.entries(present(one.headers))) {
        variables[`http_${name.toLowerCase().replaceAll('-', '_')}`] = value;
      }
      const targets: string[] = [];
      gateway[one.role]?.({
        method: one.method,
        httpVersion: one.httpVersion,
        headersIn: present(one.headers),
        variables,
        rawVariables,
        internalRedirect: (uri) => void targets.push(uri),
      });
      expect(targets).toEqual([DEFAULT_HANDOFF_LOCATION]);

      const headers: Record<string, string> = {};
      for (const { variable, header } of Object.values(HANDOFF)) {
        const value = variables[variable];
        expect(value).toBeTypeOf('string');
        expect(value).toMatch(/^[\t\x20-\x7e]*$(?!\n)/);
        headers[header.toLowerCase()] = value as string;
      }
      const handoff = readHandoff(headers, undefined);
      if (handoff.refusal) expect(Object.hasOwn(REFUSALS, handoff.refusal)).toBe(true);
      if (handoff.action === 'publish' && handoff.transport === 'http')
        expect(['POST', 'PUT']).toContain(one.method);
      const outcome = handoff.refusal ?? `${handoff.action} ${handoff.transport}`;
      seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
    }),
    cases(),
  );
  // A generator that only ever gets refusals would test nothing.
  for (const outcome of [
    'publish http',
    'subscribe websocket',
    'subscribe longpoll',
    'subscribe http-chunked',
  ])
    expect(seen.get(outcome), outcome).toBeGreaterThan(20);
});
