import { describe, expect, it } from 'vitest';
import { formatChannelInfo, negotiateFormat } from '../../../sidecar/publisher/channel-info.ts';

/** The tables of spec/http-protocol.md §2.3. */
describe('Accept', () => {
  it.each([
    [undefined, 'plain'],
    ['*/*', 'plain'],
    ['text/html', 'plain'],
    ['TEXT/JSON', 'plain'],
    ['application/vnd.foo+json', 'plain'],
    ['text/html;application/json', 'plain'],
    ['text/plainfoo', 'plain'],
    ['text/plain, text/json', 'plain'],
    ['text/json', 'json'],
    ['application/json', 'json'],
    ['application/x-json', 'json'],
    ['text/x-json', 'json'],
    ['xtext/json', 'json'],
    ['image/png, text/json', 'json'],
    ['text/*, application/json', 'json'],
    ['application/xhtml+xml, text/json', 'json'],
    ['text/html, application/xml;q=0.9', 'xml'],
    ['text/xml', 'xml'],
    ['text/yaml', 'yaml'],
    ['application/yaml', 'yaml'],
    ['application/x-yaml', 'yaml'],
    ['application/octet-stream,text/yaml', 'yaml'],
  ])('%j gives %s', (accept, format) => {
    expect(negotiateFormat(accept)).toBe(format);
  });
});

/** The bodies of spec/http-protocol.md §2.2. */
describe('channel figures', () => {
  const info = {
    messages: 2,
    lastSeenSubscriber: undefined,
    subscribers: 0,
    lastMessageId: '1795246421:1',
  };

  it.each([
    [
      'plain',
      'text/plain',
      101,
      'queued messages: 2\r\nlast requested: -1 sec. ago\r\nactive subscribers: 0\r\nlast message id: 1795246421:1',
    ],
    [
      'json',
      'text/json',
      86,
      '{"messages": 2, "requested": -1, "subscribers": 0, "last_message_id": "1795246421:1" }',
    ],
    [
      'xml',
      'text/xml',
      200,
      '<?xml version="1.0" encoding="UTF-8" ?>\r\n<channel>\r\n  <messages>2</messages>\r\n  <requested>-1</requested>\r\n  <subscribers>0</subscribers>\r\n  <last_message_id>1795246421:1</last_message_id>\r\n</channel>',
    ],
    [
      'yaml',
      'text/yaml',
      84,
      '---\r\nmessages: 2\r\nrequested: -1\r\nsubscribers: 0\r\nlast_message_id: "1795246421:1"\r\n\r\n',
    ],
  ] as const)('%s, byte for byte', (format, contentType, length, body) => {
    expect(formatChannelInfo(info, format, 1795246422000)).toEqual({ contentType, body });
    expect(Buffer.byteLength(body)).toBe(length);
  });

  it('counts the seconds since a subscriber was seen, and never below zero', () => {
    const seen = { ...info, lastSeenSubscriber: 1000 };
    expect(formatChannelInfo(seen, 'json', 1_007_900).body).toContain('"requested": 7,');
    expect(formatChannelInfo(seen, 'json', 999_000).body).toContain('"requested": 0,');
  });
});
