import { describe, expect, it } from 'vitest';
import { normalise, normaliseHeads } from './transcript.ts';

const now = Math.floor(Date.now() / 1000);
const entriesOf = (...entries: string[]): readonly string[] =>
  normalise({ entries, answers: entries }, 'case0001-0').entries;
const head = (text: string, everyHeader = false): string =>
  normaliseHeads(Buffer.from(text.replaceAll('\n', '\r\n')), true, everyHeader);

describe('a transcript', () => {
  it('names times by their order, and keeps which are equal', () => {
    const later = new Date((now + 2) * 1000).toUTCString();
    expect(entriesOf(`id: ${now + 2}:0`, `id: ${now}:1`, `Last-Modified: ${later}`)).toEqual([
      'id: T1:0',
      'id: T0:1',
      'Last-Modified: date of T1',
    ]);
  });

  it('keeps times that are no times of messages', () => {
    expect(entriesOf('1000000000:0', 'Sat, 01 Jan 2000 00:00:00 GMT')).toEqual([
      '1000000000:0',
      'Sat, 01 Jan 2000 00:00:00 GMT',
    ]);
  });

  it('counts the seconds of all answers, also of those that are not compared', () => {
    expect(normalise({ entries: [`${now}:0`], answers: [`${now}:0`, `${now + 1}:0`] }, 'x').seconds).toBe(2);
  });

  it('tells "never" from some seconds ago', () => {
    expect(entriesOf('last requested: -1 sec. ago', 'last requested: 3 sec. ago', '"requested": 0,')).toEqual(
      ['last requested: -1 sec. ago', 'last requested: N sec. ago', '"requested": N,'],
    );
  });

  it('leaves out the memory that the messages of a group take, and keeps its limit', () => {
    const json = (used: number): string =>
      `{\r\n  "messages_memory": ${used},\r\n  "limits": {\r\n    "messages_memory": 10240,\r\n  }`;
    expect(
      entriesOf(
        json(588),
        json(0),
        'shared memory used by messages: 588 bytes\r\n  max messages shared memory: 10240',
        '\r\n  <messages_memory>588</messages_memory>\r\n    <messages_memory>10240</messages_memory>',
      ),
    ).toEqual([
      json(588).replace('588', 'N'),
      json(0),
      'shared memory used by messages: N bytes\r\n  max messages shared memory: 10240',
      '\r\n  <messages_memory>N</messages_memory>\r\n    <messages_memory>10240</messages_memory>',
    ]);
  });

  it('names boundaries and channels', () => {
    const boundary = 'YG7wE3qMWh7S336/lXRixvpyZBX5VtWE';
    expect(entriesOf(`multipart/mixed; boundary=${boundary}`, `--${boundary}--`, 'case0001-0')).toEqual([
      'multipart/mixed; boundary=BOUNDARY',
      '--BOUNDARY--',
      '{c}',
    ]);
  });

  it('sorts headers and leaves out Date and Server, in each of several responses', () => {
    const response = (name: string): string =>
      `HTTP/1.1 200 OK\nServer: x\n${name}: 1\nDate: y\nContent-Length: 2\n\nab`;
    expect(head(`${response('Z')}${response('A')}`)).toBe(
      'HTTP/1.1 200 OK\nContent-Length: 2\nZ: 1\n\nab\nHTTP/1.1 200 OK\nA: 1\nContent-Length: 2\n\nab',
    );
  });

  it('leaves out the headers in which all answers of a kind differ, unless a case wants them', () => {
    const stream = 'HTTP/1.1 200 OK\nConnection: close\n\nx';
    expect(head(stream)).toBe('HTTP/1.1 200 OK\n\nx');
    expect(head(stream, true)).toBe('HTTP/1.1 200 OK\nConnection: close\n\nx');
    expect(head('HTTP/1.1 101 Switching Protocols\nContent-Length: 0\nConnection: upgrade\n\n')).toBe(
      'HTTP/1.1 101 Switching Protocols\nConnection: upgrade\n\n',
    );
    expect(head('HTTP/1.1 200 OK\nConnection: close\nContent-Length: 0\n\n')).toContain('Connection: close');
  });
});
