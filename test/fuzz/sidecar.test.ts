/** Bytes on the sidecar's socket that no gateway would send: they cost nothing but their own connection. */
import fc from 'fast-check';
import { it } from 'vitest';
import { acceptText, cases, extensionsText, headerOf, headerValue, idText, present } from './fuzzing.ts';
import { handoffHeaders, PUBSUB, startSidecar } from './in-process.ts';

/** Connections under way at the same time. */
const AT_ONCE = 40;

/** Mostly one of the values, rarely something else. */
function mostly(otherwise: fc.Arbitrary<string | undefined>, ...sensible: readonly (string | undefined)[]) {
  return fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...sensible) },
    { weight: 1, arbitrary: otherwise },
    { weight: 1, arbitrary: headerValue },
  );
}

const values = fc.record(
  {
    settings: mostly(fc.json(), PUBSUB),
    action: mostly(headerValue, 'publish', 'info', 'delete', 'options', 'subscribe', 'refuse'),
    transport: mostly(
      fc.constant('x'),
      'websocket',
      'http',
      'longpoll',
      'eventsource',
      'http-chunked',
      'intervalpoll',
    ),
    channels: mostly(fc.constantFrom('%zz', 'a b'), 'fuzz/a', 'fuzz/a,fuzz/b', 'fuzz/%00', 'a,'),
    messageId: mostly(idText, undefined, '1795246539:2', '1795246539:[2],-'),
    messageTimeout: mostly(fc.constantFrom('-1', 'x'), undefined, '1'),
    messageBufferLength: mostly(fc.constantFrom('-1', '1e9'), undefined, '0', '5'),
    refusal: mostly(fc.constant('__proto__'), undefined, 'transport_not_allowed', 'storage_full'),
    connection: mostly(fc.constant(''), undefined, 'upgrade'),
    upgrade: mostly(fc.constant('x'), undefined, 'websocket', 'eventsource'),
  },
  { noNullPrototype: true },
);
const others = fc.record(
  {
    Accept: headerOf(acceptText),
    Origin: headerOf('http://o.com'),
    'Content-Type': headerOf('a/b'),
    'X-EventSource-Event': headerOf('e'),
    'Sec-WebSocket-Key': mostly(headerValue, 'dGhlIHNhbXBsZSBub25jZQ=='),
    'Sec-WebSocket-Version': mostly(headerValue, '13'),
    'Sec-WebSocket-Protocol': headerOf('ws+meta.nchan'),
    'Sec-WebSocket-Extensions': headerOf('permessage-deflate', extensionsText),
    'Content-Length': mostly(headerValue, undefined, undefined, '0', '5', '99'),
    'Transfer-Encoding': mostly(headerValue, undefined, undefined, 'chunked'),
  },
  { noNullPrototype: true },
);
/** What follows the head: a body, or WebSocket frames. */
const rest = fc.oneof(
  fc.uint8Array({ maxLength: 60 }),
  fc
    .array(
      fc.constantFrom(
        '\x81\x85\0\0\0\0hello',
        '\xc1\x82\0\0\0\0\xcaH',
        '\x88\x80\0\0\0\0',
        '\x89\x81\0\0\0\0x',
        '5\r\nhello\r\n0\r\n\r\n',
      ),
      {
        maxLength: 4,
      },
    )
    .map((parts) => Buffer.from(parts.join(''), 'latin1')),
);
const changes = fc.array(fc.record({ at: fc.nat(), to: fc.nat(255) }), { maxLength: 3 });

const connection = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'POST', 'DELETE', 'X'),
    values,
    others,
    rest,
    fc.oneof(fc.constant([]), changes),
  )
  .map(([method, handoff, headers, after, changed]) => {
    const all = { ...present(headers), ...handoffHeaders(present(handoff)) };
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
    const head = Buffer.from(`${method} / HTTP/1.1\r\nHost: x\r\n${lines.join('')}\r\n`, 'latin1');
    const bytes = Buffer.concat([head, after]);
    for (const { at, to } of changed) bytes[at % bytes.length] = to;
    return bytes.toString('latin1'); // readable when it is printed
  });

it('any bytes cost no more than their own connection', { timeout: 180_000 }, async () => {
  const { throwAt, checkBystander } = await startSidecar();
  const answers = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.array(connection, { minLength: AT_ONCE, maxLength: AT_ONCE }),
      async (connections) => {
        for (const answer of await Promise.all(
          connections.map((text) => throwAt(Buffer.from(text, 'latin1'))),
        )) {
          const status = answer.toString('latin1', 9, 12);
          answers.set(status, (answers.get(status) ?? 0) + 1);
        }
        await checkBystander();
      },
    ),
    cases(AT_ONCE),
  );
  // The mix is no use if nothing gets through.
  for (const status of ['101', '200', '202', '400', '403', '404']) {
    if ((answers.get(status) ?? 0) < 10)
      throw new Error(`too few ${status}: ${JSON.stringify([...answers])}`);
  }
});
