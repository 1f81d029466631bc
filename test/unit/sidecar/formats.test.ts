import { describe, expect, it } from 'vitest';
import type { Handoff } from '../../../sidecar/handoff.ts';
import type { Delivery } from '../../../sidecar/store/message.ts';
import { CHUNKED_FORMAT } from '../../../sidecar/subscriber/chunked.ts';
import { encodePing, eventsourceFormat } from '../../../sidecar/subscriber/eventsource.ts';
import { LONGPOLL_FORMAT } from '../../../sidecar/subscriber/longpoll.ts';
import { BOUNDARY, MULTIPART, multipartBody } from '../../../sidecar/subscriber/multipart.ts';
import { rawStreamFormat } from '../../../sidecar/subscriber/raw-stream.ts';
import { WEBSOCKET_FORMAT, WEBSOCKET_META_FORMAT } from '../../../sidecar/websocket/formats.ts';
import { encodeClose, encodeFrame } from '../../../sidecar/websocket/frame.ts';
import { deliveryOf } from '../../support/deliveries.ts';

const message = (data: string | Buffer, contentType = '', eventsourceEvent = ''): Delivery =>
  deliveryOf(data, { contentType, eventsourceEvent });

/** spec/http-protocol.md §5.4. */
describe('EventSource', () => {
  it.each([
    ['hi', '', 'id: 1795246539:2\ndata: hi\n\n'],
    ['hi', 'ev', 'event: ev\nid: 1795246539:2\ndata: hi\n\n'],
    ['', '', 'id: 1795246539:2\ndata: \n\n'],
    ['two\nlines', '', 'id: 1795246539:2\ndata: two\ndata: lines\n\n'],
    ['end\n', '', 'id: 1795246539:2\ndata: end\ndata: \n\n'],
    ['a\r\nb', '', 'id: 1795246539:2\ndata: a\r\ndata: b\n\n'],
    ['a\n\nb', '', 'id: 1795246539:2\ndata: a\ndata: \ndata: b\n\n'],
  ])('%j with event %j', (data, event, expected) => {
    expect(
      eventsourceFormat('')
        .encode(message(data, '', event))
        .toString(),
    ).toBe(expected);
  });

  it('keeps blank lines and indentation of large messages, which Nchan mangles', () => {
    const lines = Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? '' : `   line ${i}`));
    const text = eventsourceFormat('')
      .encode(message(lines.join('\n')))
      .toString();
    expect(text).toBe(`id: 1795246539:2\n${lines.map((line) => `data: ${line}\n`).join('')}\n`);
  });
});

/** spec/http-protocol.md §5.7. */
describe('WebSocket', () => {
  it('is text unless the content type is exactly application/octet-stream', () => {
    expect(WEBSOCKET_FORMAT.encode(message('hi'))).toEqual(Buffer.from('\x81\x02hi', 'latin1'));
    expect(WEBSOCKET_FORMAT.encode(message('hi', 'application/octet-stream'))[0]).toBe(0x82);
    expect(WEBSOCKET_FORMAT.encode(message('hi', 'application/octet-stream; x=y'))[0]).toBe(0x81);
  });

  it('with the subprotocol begins with id and content type, also in binary frames', () => {
    const text = (m: Delivery) => WEBSOCKET_META_FORMAT.encode(m).subarray(2).toString();
    expect(text(message('hi', 'a/b'))).toBe('id: 1795246539:2\ncontent-type: a/b\n\nhi');
    expect(text(message('hi'))).toBe('id: 1795246539:2\n\nhi');
    expect(WEBSOCKET_META_FORMAT.encode(message('', 'application/octet-stream'))[0]).toBe(0x82);
  });

  it.each([
    [0, [0x81, 0]],
    [125, [0x81, 125]],
    [126, [0x81, 126, 0, 126]],
    [65535, [0x81, 126, 255, 255]],
    [65536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
  ])('writes the length of %i bytes as RFC 6455 §5.2 says', (length, header) => {
    const frame = encodeFrame(1, Buffer.alloc(length, 'x'));
    expect([...frame.subarray(0, header.length)]).toEqual(header);
    expect(frame.length).toBe(header.length + length);
  });

  it('closes with code and reason, or with neither', () => {
    expect(encodeClose(1001, '410 Gone')).toEqual(Buffer.from('\x88\x0a\x03\xe9410 Gone', 'latin1'));
    expect(encodeClose()).toEqual(Buffer.from([0x88, 0]));
  });
});

describe('EventSource settings of the location', () => {
  it('its event stands in for the message’s own', () => {
    const event = eventsourceFormat('fixed').encode(message('hi', '', 'own'));
    expect(event.toString()).toBe('event: fixed\nid: 1795246539:2\ndata: hi\n\n');
    const accented = eventsourceFormat('évé').encode(message('hi'));
    expect(accented.toString()).toContain('event: évé\n');
    expect(eventsourceFormat('fixed')).toBe(eventsourceFormat('fixed'));
  });

  it.each([
    ['', 'ping', '', 'event: ping\n\n'],
    ['c', 'e', 'd', ':c\nevent: e\ndata: d\n\n'],
    ['', '', '', ':\n\n'],
  ])('ping %j %j %j', (comment, event, data, bytes) => {
    expect(encodePing(comment, event, data).toString()).toBe(bytes);
  });
});

/** spec/http-protocol.md §§5.2, 5.5, 5.6, 5.8. */
describe('other streams', () => {
  it('chunked writes one chunk a message, in lower-case hex, and leaves out empty ones', () => {
    expect(CHUNKED_FORMAT.encode(message('x'.repeat(26))).toString()).toBe(`1a\r\n${'x'.repeat(26)}\r\n`);
    expect(CHUNKED_FORMAT.encode(message('')).length).toBe(0);
  });

  it('the raw stream writes the separator after each message, empty ones too', () => {
    expect(rawStreamFormat('\n').encode(message('a')).toString()).toBe('a\n');
    expect(rawStreamFormat('--\n').encode(message('')).toString()).toBe('--\n');
    expect(rawStreamFormat('').encode(message('a')).toString()).toBe('a');
  });

  it('a part of multipart ends with the delimiter of the next', () => {
    const part = (compoundEtag: boolean, m: Delivery): string =>
      MULTIPART.format({ settings: { compoundEtag } } as Handoff)
        .encode(m)
        .toString();
    expect(part(false, message('hi', 'a/b'))).toBe(
      `\r\nLast-Modified: Sat, 21 Nov 2026 07:35:39 GMT\r\nEtag: 2\r\nContent-Type: a/b\r\n\r\nhi\r\n--${BOUNDARY}`,
    );
    expect(part(true, message(''))).toBe(`\r\nEtag: 1795246539:2\r\n\r\n\r\n--${BOUNDARY}`);
    expect(BOUNDARY).toMatch(/^[./0-9A-Za-z]{32}$/);
  });

  it('a multipart long-poll carries content types only', () => {
    expect(multipartBody([message('m0'), message('m1', 'text/a')]).toString()).toBe(
      `--${BOUNDARY}\r\n\r\nm0\r\n--${BOUNDARY}\r\nContent-Type: text/a\r\n\r\nm1\r\n--${BOUNDARY}--\r\n`,
    );
  });
});

it('long-poll sends the data alone, once', () => {
  expect(LONGPOLL_FORMAT.encode(message('hi')).toString()).toBe('hi');
  expect(LONGPOLL_FORMAT.once).toBe(true);
});
