import { beforeAll, describe, expect, it } from 'vitest';
import { subscribersOf, untilSubscribers } from '../support/channel-figures.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, type RawResponse, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

const get = (target: string, headers: Record<string, string> = {}): Promise<RawResponse> =>
  request(njchan.port, 'GET', target, { headers });
const publish = (channel: string, body: string, location = 'pub'): Promise<RawResponse> =>
  request(njchan.port, 'POST', `/${location}/${channel}`, { body, headers: { 'Content-Type': 'a/b' } });
const ownHeaders = (response: RawResponse): string[] =>
  response.headerLines.filter((line) => !/^(Server|Date|Connection):/.test(line));
/** The conditional headers with which a client asks for what comes after a response. */
const after = (response: RawResponse): Record<string, string> => ({
  'If-Modified-Since': response.headers['last-modified'] as string,
  'If-None-Match': response.headers.etag as string,
});
/** A long-poll that certainly waits: the channel shows its subscriber. */
async function waiting(target: string, headers = ''): Promise<RawConnection> {
  const channel = target.slice(target.lastIndexOf('/') + 1);
  const connection = await RawConnection.open(njchan.port);
  connection.send(`GET ${target} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  await waitFor('a subscriber', () => subscribersOf(njchan.port, `/http-publisher/${channel}`));
  return connection;
}

describe('long-poll (spec/http-protocol.md §5.1)', () => {
  it('answers at once with the oldest message, its id in Last-Modified and Etag', async () => {
    await publish('first', 'one');
    await publish('first', 'two');
    const response = await get('/sub/first');
    expect(response.statusLine).toBe('HTTP/1.1 200 OK');
    expect(response.body.toString()).toBe('one');
    expect(ownHeaders(response)).toEqual([
      'Content-Type: a/b',
      'Content-Length: 3',
      expect.stringMatching(/^Last-Modified: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/),
      expect.stringMatching(/^Etag: \d+$/),
      'Vary: If-None-Match, If-Modified-Since',
    ]);
  });

  it('has no content type when the message has none', async () => {
    await request(njchan.port, 'POST', '/pub/untyped', { body: 'x' });
    expect((await get('/sub/untyped')).headers['content-type']).toBeUndefined();
  });

  it('walks through the messages by their ids and then waits, on one connection', async () => {
    for (const text of ['a', 'b', 'c']) await publish('walk', text);
    const connection = await RawConnection.open(njchan.port);
    let conditions = '';
    for (const text of ['a', 'b', 'c', 'd']) {
      connection.send(`GET /sub/walk HTTP/1.1\r\nHost: x\r\n${conditions}\r\n`);
      if (text === 'd') {
        await untilSubscribers(njchan.port, '/http-publisher/walk', 1);
        await publish('walk', 'd');
      }
      const response = await connection.readResponse();
      expect(response.body.toString()).toBe(text);
      conditions = Object.entries(after(response))
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('');
    }
  });

  it('gives one live message to everyone who waits', async () => {
    const clients = [await waiting('/sub/many'), await waiting('/sub/many'), await waiting('/longpoll/many')];
    await untilSubscribers(njchan.port, '/http-publisher/many', 3);
    expect((await publish('many', 'x')).status).toBe(201);
    for (const client of clients) expect((await client.readResponse()).body.toString()).toBe('x');
  });

  it('ends with 410 when the channel is deleted', async () => {
    const client = await waiting('/sub/deleted');
    await request(njchan.port, 'DELETE', '/pub/deleted');
    const response = await client.readResponse();
    expect(response.statusLine).toBe('HTTP/1.1 410 Gone');
    expect(ownHeaders(response)).toEqual(['Content-Length: 0', 'Vary: If-None-Match, If-Modified-Since']);
  });

  it('ends with 408 when nothing comes, with the client’s Etag, and keeps the connection', async () => {
    const client = await RawConnection.open(njchan.port);
    client.send('GET /impatient/quiet HTTP/1.1\r\nHost: x\r\n\r\n');
    const first = await client.readResponse();
    expect(first.statusLine).toBe('HTTP/1.1 408 Request Timeout');
    expect(ownHeaders(first)).toEqual(['Content-Length: 0', 'Vary: If-None-Match, If-Modified-Since']);
    client.send('GET /impatient/quiet HTTP/1.1\r\nHost: x\r\nIf-None-Match: 5:3\r\n\r\n');
    const second = await client.readResponse();
    expect(ownHeaders(second)).toEqual([
      'Content-Length: 0',
      'Etag: 3',
      'Vary: If-None-Match, If-Modified-Since',
    ]);
  });

  it('exposes its headers to other origins', async () => {
    await publish('cross', 'x');
    const response = await get('/sub/cross', { Origin: 'http://o.com' });
    expect(ownHeaders(response).slice(-4)).toEqual([
      'Access-Control-Expose-Headers: Last-Modified, Etag, Content-Type',
      'Vary: If-None-Match, If-Modified-Since',
      'Access-Control-Allow-Credentials: true',
      'Access-Control-Allow-Origin: http://o.com',
    ]);
  });

  it('refuses an id with more tags than the location has channels', async () => {
    const response = await get('/sub/x', { 'If-None-Match': '5:[0],1' });
    expect(response.statusLine).toBe('HTTP/1.1 400 Bad Request');
    expect(ownHeaders(response)).toEqual([
      'Content-Length: 0',
      'Etag: [0],1',
      'Vary: If-None-Match, If-Modified-Since',
    ]);
  });

  it('forgets a client that leaves while it waits', async () => {
    const client = await waiting('/sub/leaver');
    client.destroy();
    await untilSubscribers(njchan.port, '/http-publisher/leaver', 0);
  });
});

describe('where a subscriber starts', () => {
  it.each([
    ['sub', 'a'],
    ['second', 'b'],
    ['last', 'c'],
  ])('/%s/ begins with %s', async (location, expected) => {
    for (const text of ['a', 'b', 'c']) await publish(`start-${location}`, text);
    expect((await get(`/${location}/start-${location}`)).body.toString()).toBe(expected);
  });

  it('newest waits for the next message', async () => {
    await publish('start-newest', 'old');
    const client = await waiting('/newest/start-newest');
    await publish('start-newest', 'new');
    expect((await client.readResponse()).body.toString()).toBe('new');
  });

  it('resumes by Last-Event-ID and by last_event_id', async () => {
    for (const text of ['a', 'b', 'c']) await publish('resume', text);
    const first = await get('/sub/resume');
    const id = `${Date.parse(first.headers['last-modified'] as string) / 1000}:${first.headers.etag}`;
    expect((await get('/sub/resume', { 'Last-Event-ID': id })).body.toString()).toBe('b');
    const query = `?last_event_id=${encodeURIComponent(id)}`;
    expect((await get(`/sub/resume${query}`)).body.toString()).toBe('b');
  });

  it('an id that was trimmed away resumes at the oldest kept message', async () => {
    await publish('trimmed', 'a', 'three');
    const first = await get('/sub/trimmed');
    for (const text of ['b', 'c', 'd', 'e']) await publish('trimmed', text, 'three');
    expect((await get('/sub/trimmed', after(first))).body.toString()).toBe('c');
  });
});
