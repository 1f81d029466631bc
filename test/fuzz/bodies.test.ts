/** What is published comes out as it went in, whatever its bytes are and mean elsewhere. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CHUNKED_FORMAT } from '../../sidecar/subscriber/chunked.ts';
import { eventsourceFormat } from '../../sidecar/subscriber/eventsource.ts';
import { deliveryOf } from '../support/deliveries.ts';
import { cases, headerValue } from './fuzzing.ts';
import { handoffHeaders, PUBSUB, startSidecar } from './in-process.ts';

/** Requests under way at the same time. */
const AT_ONCE = 10;

const body = fc.oneof(
  fc.uint8Array({ maxLength: 300 }),
  fc
    .array(
      fc.constantFrom('\n', '\r\n', '\n\n', 'data: ', 'id: 1:1', '0\r\n\r\n', '--', '\x81\x02hi', '\0', 'é'),
      {
        maxLength: 20,
      },
    )
    .map((parts) => Buffer.from(parts.join(''))),
);
const contentType = fc.oneof(fc.constant(''), fc.constant('application/octet-stream'), headerValue);

it('an event is one event with all lines of its message', () => {
  fc.assert(
    fc.property(body, (data) => {
      const text = eventsourceFormat('').encode(deliveryOf(data)).toString('latin1');
      expect(text.startsWith('id: 1795246539:2\ndata: ')).toBe(true);
      expect(text.indexOf('\n\n')).toBe(text.length - 2);
      const lines = text.slice(0, -2).split('\n').slice(1);
      expect(lines.map((line) => line.replace(/^data: /, '')).join('\n')).toBe(
        Buffer.from(data).toString('latin1'),
      );
    }),
    cases(),
  );
});

it('a chunk is one chunk', () => {
  fc.assert(
    fc.property(body, (data) => {
      const bytes = CHUNKED_FORMAT.encode(deliveryOf(data));
      if (data.length === 0) expect(bytes.length).toBe(0);
      else
        expect(bytes.toString('latin1')).toBe(
          `${data.length.toString(16)}\r\n${Buffer.from(data).toString('latin1')}\r\n`,
        );
    }),
    cases(),
  );
});

it('a poll gets the body and the content type that were published to its channel', async () => {
  const { exchange, checkBystander } = await startSidecar();
  const settings = JSON.stringify({ ...JSON.parse(PUBSUB), firstMessage: -1, messageBufferLength: 1 });
  const message = fc.record({ data: body, type: contentType });
  await fc.assert(
    fc.asyncProperty(fc.array(message, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (messages) => {
      const polled = messages.map(async ({ data, type }, i) => {
        const channels = `fuzz/${i}`;
        const publish = handoffHeaders({ settings, action: 'publish', transport: 'http', channels });
        const published = await exchange('POST', { ...publish, 'Content-Type': type }, data);
        expect(published.status).toBe(202);
        const answer = await exchange(
          'GET',
          handoffHeaders({ settings, action: 'subscribe', transport: 'longpoll', channels }),
        );
        return { ...answer, type: answer.headers['content-type'] ?? '' };
      });
      for (const [i, { status, body: got, type }] of (await Promise.all(polled)).entries()) {
        const sent = messages[i] as (typeof messages)[number];
        expect(status).toBe(200);
        expect(got.equals(sent.data)).toBe(true);
        expect(type).toBe(sent.type);
      }
    }),
    cases(AT_ONCE),
  );
  await checkBystander();
});
