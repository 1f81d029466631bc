import { beforeAll, describe, expect, it } from 'vitest';
import { untilSubscribers } from '../support/channel-figures.ts';
import { openEventSource } from '../support/eventsource.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, type RawResponse, request } from '../support/raw-http.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

const publish = (channel: string, body: string, headers = {}): Promise<RawResponse> =>
  request(njchan.port, 'POST', `/pub/${channel}`, { body, headers });

async function stream(target: string, headers = ''): Promise<{ connection: RawConnection; head: string }> {
  const connection = await RawConnection.open(njchan.port);
  connection.send(`GET ${target} HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n${headers}\r\n`);
  const head = (await connection.readHead()).toString();
  expect((await connection.readThrough(': hi\n\n')).toString()).toBe(': hi\n\n');
  return { connection, head };
}

describe('EventSource (spec/http-protocol.md §5.4)', () => {
  it('greets at once, and its body is not chunked', async () => {
    const { head } = await stream('/sub/greeted');
    expect(head.split('\r\n').filter((line) => !/^(Server|Date|Connection):/.test(line))).toEqual([
      'HTTP/1.1 200 OK',
      'Content-Type: text/event-stream; charset=utf-8',
      '',
      '',
    ]);
  });

  it('sends buffered and live messages, byte for byte', async () => {
    await publish('bytes', 'one');
    const { connection } = await stream('/sub/bytes');
    await publish('bytes', 'two\nlines', { 'X-EventSource-Event': 'ev' });
    await publish('bytes', '');
    await request(njchan.port, 'DELETE', '/pub/bytes');
    const text = (await connection.readToEnd()).toString();
    expect(text.replace(/\d{9,}:\d+/g, 'ID')).toBe(
      'id: ID\ndata: one\n\n' +
        'event: ev\nid: ID\ndata: two\ndata: lines\n\n' +
        'id: ID\ndata: \n\n' +
        ':410: 410 Gone\n\n',
    );
  });

  it('ends with a 408 comment when nothing comes', async () => {
    const { connection } = await stream('/impatient/stream');
    expect((await connection.readToEnd()).toString()).toBe(':408: 408 Request Timeout\n\n');
  });

  it('a message puts the time-out off', async () => {
    const { connection } = await stream('/impatient/kept');
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      await publish('kept', 'x');
    }
    const text = (await connection.readToEnd()).toString();
    expect(text.match(/data: x\n/g)).toHaveLength(4);
    expect(text.endsWith(':408: 408 Request Timeout\n\n')).toBe(true);
  });

  it('resumes with the id of any event, in the header or in the query', async () => {
    const first = await openEventSource(`${njchan.url}/sub/resumed`);
    for (const text of ['a', 'b', 'c']) await publish('resumed', text);
    const id = (await first.event()).id as string;
    first.close();
    for (const resumed of [
      await openEventSource(`${njchan.url}/sub/resumed`, { 'Last-Event-ID': id }),
      await openEventSource(`${njchan.url}/sub/resumed?last_event_id=${encodeURIComponent(id)}`),
    ]) {
      expect([(await resumed.event()).data, (await resumed.event()).data]).toEqual(['b', 'c']);
    }
  });

  it('keeps lines and blank lines of a message beyond the body buffer', async () => {
    const reader = await openEventSource(`${njchan.url}/sub/big`);
    const text = Array.from({ length: 4000 }, (_, i) => (i % 4 === 0 ? '' : `  line ${i}`)).join('\n');
    await publish('big', text);
    expect((await reader.event()).data).toBe(text);
  });

  it('allows other origins', async () => {
    const { head } = await stream('/sub/cross', 'Origin: http://o.com\r\n');
    expect(head).toContain(
      'Access-Control-Allow-Credentials: true\r\nAccess-Control-Allow-Origin: http://o.com\r\n',
    );
  });

  it('is refused by an ordinary answer before anything is sent', async () => {
    const response = await request(njchan.port, 'GET', '/no-id', {
      headers: { Accept: 'text/event-stream' },
    });
    expect(response.statusLine).toBe('HTTP/1.1 404 Not Found');
    expect(response.body.toString()).toBe('No channel id provided.');
  });

  it('works for HTTP/1.0', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('GET /sub/ten HTTP/1.0\r\nAccept: text/event-stream\r\n\r\n');
    await connection.readThrough(': hi\n\n');
    await publish('ten', 'x');
    await connection.readThrough('data: x\n\n');
  });

  it('is forgotten when the client leaves', async () => {
    const { connection } = await stream('/sub/leaver');
    connection.reset();
    await untilSubscribers(njchan.port, '/pub/leaver', 0);
  });

  it('a client that stops reading holds up nobody else', async () => {
    const slow = await RawConnection.open(njchan.port);
    slow.send('GET /sub/slow HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
    await slow.readThrough(': hi\n\n');
    slow.pause();
    const fast = await openEventSource(`${njchan.url}/sub/slow`);
    const chunk = 'x'.repeat(512 * 1024);
    for (let i = 0; i < 60; i++) {
      await publish('slow', chunk);
      expect((await fast.event()).data?.length).toBe(chunk.length);
    }
  });
});
