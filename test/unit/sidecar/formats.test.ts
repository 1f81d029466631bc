import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../../sidecar/store/message.ts';
import {
  EVENTSOURCE_FORMAT,
  LONGPOLL_FORMAT,
  WEBSOCKET_FORMAT,
  WEBSOCKET_META_FORMAT,
} from '../../../sidecar/subscriber/formats.ts';
import { encodeClose, encodeFrame } from '../../../sidecar/websocket/frame.ts';

function message(data: string | Buffer, contentType = '', eventsourceEvent = ''): Delivery {
  const id = { time: 1795246539, tag: 2 };
  return {
    message: { id, data: Buffer.from(data as string), contentType, eventsourceEvent, expiresAtMs: 0 },
    id: { time: id.time, tags: '2' },
  };
}

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
    expect(EVENTSOURCE_FORMAT.encode(message(data, '', event)).toString()).toBe(expected);
  });

  it('keeps blank lines and indentation of large messages, which Nchan mangles', () => {
    const lines = Array.from({ length: 5000 }, (_, i) => (i % 3 === 0 ? '' : `   line ${i}`));
    const text = EVENTSOURCE_FORMAT.encode(message(lines.join('\n'))).toString();
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

it('long-poll sends the data alone, once', () => {
  expect(LONGPOLL_FORMAT.encode(message('hi')).toString()).toBe('hi');
  expect(LONGPOLL_FORMAT.once).toBe(true);
});
