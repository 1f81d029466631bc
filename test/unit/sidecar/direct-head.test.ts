import { describe, expect, it } from 'vitest';
import { DirectHeadReader } from '../../../sidecar/publisher/direct-head.ts';

const SETTINGS = '{"publisher":["http"]}';

/** The lines of a head as nginx writes them. */
function lines(channel: string, more = '', settings = SETTINGS): string {
  return `Host: njchan\r\nNjchan-Settings: ${settings}\r\nNjchan-Direct-Channel: ${channel}\r\nContent-Length: 2\r\n${more}`;
}

/** Reads heads over one connection. */
function read(...heads: string[]) {
  const reader = new DirectHeadReader(undefined);
  return heads.map((head) => reader.read(head));
}

describe('heads of one connection', () => {
  it('differ in their channel', () => {
    const heads = read(lines('/a'), lines('g/b'), lines('/\xff%'));
    expect(heads.map((head) => head?.handoff.channels)).toEqual([['/a'], ['g/b'], ['/%FF%25']]);
    expect(heads.map((head) => head?.bodyBytes)).toEqual([2, 2, 2]);
  });

  it('differ in their headers', () => {
    const heads = read(
      lines('/a'),
      lines('/a', 'Content-Type: text/x\r\nOrigin: http://o\r\n'),
      lines('/a', 'Content-Type: text/y\r\n'),
      lines('/a').replace('Content-Length: 2', 'Content-Length: 31'),
      lines('/a', '', '{"publisher":["http"],"messageBufferLength":3}'),
      lines('/a'),
    );
    expect(heads.map((head) => head?.headers['content-type'])).toEqual([
      undefined,
      'text/x',
      'text/y',
      undefined,
      undefined,
      undefined,
    ]);
    expect(heads.map((head) => head?.handoff.origin)).toEqual([
      undefined,
      'http://o',
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(heads.map((head) => head?.bodyBytes)).toEqual([2, 2, 2, 31, 2, 2]);
    expect(heads[4]?.handoff.messageBufferLength).toBe(3);
    expect(heads[5]?.handoff.messageBufferLength).toBe(heads[0]?.handoff.messageBufferLength);
  });

  it('each have their channel checked', () => {
    const long = `/${'x'.repeat(2000)}`;
    const heads = read(lines('/a'), lines(long), lines('/b'));
    expect(heads.map((head) => head?.handoff.refusal)).toEqual([undefined, 'channel_id_refused', undefined]);
    expect(heads[2]?.handoff.channels).toEqual(['/b']);
  });

  it('go by what they are, not by what the one before was', () => {
    const reader = new DirectHeadReader(undefined);
    expect(reader.read(lines('/a'))).toBeDefined();
    expect(() => reader.read(lines('/a', '', '{'))).toThrow();
    expect(() => reader.read(lines('/b', '', '{'))).toThrow();
    expect(reader.read(lines('/c'))?.handoff.channels).toEqual(['/c']);
  });

  it('each carry the secret', () => {
    const reader = new DirectHeadReader(Buffer.from('s'));
    const secret = (value: string) => `Njchan-Secret: ${value}\r\n`;
    expect(() => reader.read(lines('/a'))).toThrow('wrong secret');
    expect(reader.read(lines('/a', secret('s')))?.handoff.channels).toEqual(['/a']);
    expect(() => reader.read(lines('/a', secret('t')))).toThrow('wrong secret');
    expect(() => reader.read(lines('/a'))).toThrow('wrong secret');
  });

  it('may have blanks around their values', () => {
    const [head, again] = read(
      lines(' \t/a\t ', 'Origin: \t o p \r\n'),
      lines(' /b ', 'Origin: \t o p \r\n'),
    );
    expect(head?.handoff.channels).toEqual(['/a']);
    expect(head?.handoff.origin).toBe('o p');
    expect(again?.handoff.channels).toEqual(['/b']);
  });
});

describe('is left to the HTTP server', () => {
  it.each([
    ['a head of no message', 'Host: njchan\r\nNjchan-Action: info\r\n'],
    ['a line without a colon', lines('/a', 'x\r\n')],
    ['a line without a name', lines('/a', ': x\r\n')],
    ['a folded line', lines('/a', 'Origin: x\r\n y: z\r\n')],
    ['a blank before the colon', lines('/a', 'Content-Length : 3\r\n')],
    ['two lengths', lines('/a', 'Content-Length: 3\r\n')],
    ['the same length twice', lines('/a', 'content-length: 2\r\n')],
    ['two channels', lines('/a', 'njchan-direct-channel: /b\r\n')],
    ['a subscriber', lines('/a', 'Njchan-Direct-Transport: longpoll\r\n')],
    ['two channels of one spelling', lines('/a', 'Njchan-Direct-Channel: /b\r\n')],
    ['chunks', lines('/a', 'Transfer-Encoding: chunked\r\n')],
    ['a negative length', lines('/a').replace('Length: 2', 'Length: -2')],
    ['a length with a sign', lines('/a').replace('Length: 2', 'Length: +2')],
    ['a length in hexadecimal', lines('/a').replace('Length: 2', 'Length: 0x2')],
    ['a length that no number holds', lines('/a').replace('Length: 2', `Length: ${'9'.repeat(16)}`)],
    ['several lengths in one line', lines('/a').replace('Length: 2', 'Length: 2, 2')],
    ['a line feed in a value', lines('/a', 'Origin: x\nContent-Length: 9\r\n')],
    ['a carriage return in a value', lines('/a', 'Origin: x\ry\r\n')],
    ['a null byte in a value', lines('/a', 'Origin: x\0\r\n')],
    ['a line feed in a channel', lines('/a\nb')],
  ])('%s', (_name, head) => {
    expect(read(head, lines('/a'), head)).toEqual([undefined, expect.anything(), undefined]);
  });
});
