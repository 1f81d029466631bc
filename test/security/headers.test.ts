/** What clients put into headers: nothing of it gets into another header, and nothing of the hand-off is believed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { DIRECT, HANDOFF, NGINX_HEADER, SECRET_HEADER } from '../../handoff/headers.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { threat } from './threats.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({
    config: `
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/slow/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length $arg_n; }
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/poll/(.*)$ { nchan_subscriber poll; nchan_channel_id $1; }
        location ~ ^/own/(.*)$ {
            nchan_pubsub; nchan_channel_id $1;
            nchan_access_control_allow_origin http://a.com;
        }`,
  });
});

/** Bytes that nginx takes in a header's value and that would end it, or a line of an event, somewhere else. */
const CONTROLS: Readonly<Record<string, string>> = {
  'a carriage return': 'x\rX-Injected: 1',
  'a zero byte': 'x\0y',
  'an escape': 'x\x1b[2J',
  'a backspace': 'x\by',
  'a unit separator': 'x\x1fy',
  'a delete': 'x\x7fy',
};

describe.each(['Content-Type', 'X-EventSource-Event', 'Origin', 'Accept'])('in %s', (header) => {
  threat('header-injection');
  it.each(Object.entries(CONTROLS))('%s is refused, and nothing is published', async (what, value) => {
    const channel = `${header}-${what.replaceAll(' ', '-')}`.toLowerCase();
    for (const location of ['pub', 'slow']) {
      const target = `/${location}/${channel}?n=5`;
      const answer = await request(njchan.port, 'POST', target, {
        body: 'm',
        headers: { [header]: value },
      });
      expect(answer.status).toBe(400);
      expect(answer.headerLines.join('\n')).not.toMatch(/injected/i);
    }
    expect((await request(njchan.port, 'GET', `/pub/${channel}`)).status).toBe(404);
  });
});

it('an event name ends where its line ends', async () => {
  threat('event-forgery');
  await request(njchan.port, 'POST', '/pub/events', {
    body: 'one\ntwo',
    headers: { 'X-EventSource-Event': 'tick\tdata: forged' },
  });
  const connection = await RawConnection.open(njchan.port);
  connection.send('GET /sub/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n');
  const text = (await connection.readThrough('two\n\n')).toString();
  connection.destroy();
  expect(text.split('\n').filter((line) => line.startsWith('data:'))).toEqual(['data: one', 'data: two']);
});

const INTERNAL: readonly string[] = [
  ...Object.values(HANDOFF).map(({ header }) => header),
  ...Object.values(DIRECT).map(({ header }) => header),
  SECRET_HEADER,
  NGINX_HEADER,
].filter((header) => header !== 'Connection' && header !== 'Upgrade');

/** Values with which each would do something that the client may not. */
const FORGED: Readonly<Record<string, string>> = {
  [HANDOFF.action.header]: 'delete',
  [HANDOFF.channels.header]: '/forged',
  [HANDOFF.settings.header]: '{"publisher":["http"],"messageTimeout":1}',
  [HANDOFF.transport.header]: 'http',
  [DIRECT.channel.header]: '/forged',
};

describe('headers of the hand-off', () => {
  threat('forged-handoff');
  it.each(INTERNAL)('%s is not believed', async (header) => {
    const channel = `internal-${header.toLowerCase()}`;
    const value = FORGED[header] ?? 'forged';
    const headers = { [header]: value, [header.toUpperCase()]: value };
    for (const location of ['pub', 'slow']) {
      const answer = await request(njchan.port, 'POST', `/${location}/${channel}?n=5`, {
        body: 'm',
        headers,
      });
      expect(answer.status).toBe(202);
    }
    const poll = await request(njchan.port, 'GET', `/poll/${channel}`, { headers });
    expect([poll.status, poll.body.toString()]).toEqual([200, 'm']);
    expect((await request(njchan.port, 'GET', '/pub/forged')).status).toBe(404);
    expect((await request(njchan.port, 'GET', `/pub/${channel}`)).body.toString()).toContain(
      'queued messages: 2\r\n',
    );
  });

  it('in other spellings are none either', async () => {
    const headers = { 'NJCHAN-ACTION': 'delete', njchan_action: 'delete' };
    const answer = await request(njchan.port, 'POST', '/pub/spelled', {
      body: 'm',
      headers,
    });
    expect(answer.status).toBe(202);
    expect((await request(njchan.port, 'GET', '/poll/spelled')).body.toString()).toBe('m');
  });
});

it('an origin is answered only as it was sent, and only where it may be', async () => {
  const evil = 'http://a.com, http://evil.org';
  const answer = await request(njchan.port, 'POST', '/own/o', { body: 'm', headers: { Origin: evil } });
  expect(answer.status).toBe(403);
  expect((await request(njchan.port, 'GET', '/pub/o')).status).toBe(404);
});

/** Requests that two servers could take for different ones: what follows the first must be no request of its own. */
const SMUGGLED: Readonly<Record<string, (victim: string) => string>> = {
  'a length and chunks': (victim) =>
    `POST /pub/carrier HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${victim}`,
  'two lengths': (victim) =>
    `POST /pub/carrier HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: ${victim.length}\r\n\r\n${victim}`,
  'a length with a sign': (victim) =>
    `POST /pub/carrier HTTP/1.1\r\nHost: x\r\nContent-Length: +0\r\n\r\n${victim}`,
  'an encoding that is none': (victim) =>
    `POST /pub/carrier HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n${victim}`,
  'a length in a body of HTTP/1.0 chunks': (victim) =>
    `POST /pub/carrier HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${victim}`,
  'a chunk whose size overflows': (victim) =>
    `POST /pub/carrier HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n${victim}`,
};

describe('between nginx and the sidecar nothing is smuggled:', () => {
  threat('smuggling');
  it.each(Object.entries(SMUGGLED))('%s', async (what, bytes) => {
    const victim = `smuggled-${what.replaceAll(' ', '-')}`;
    // Written for the sidecar: with the headers of a hand-off, which only it would believe.
    const inner = `POST / HTTP/1.1\r\nHost: njchan\r\nNjchan-Direct-Channel: /${victim}\r\nContent-Length: 1\r\n\r\nx`;
    const connection = await RawConnection.open(njchan.port);
    connection.send(bytes(inner));
    await connection.readToEnd(2000).catch(() => {});
    connection.destroy();
    await request(njchan.port, 'POST', '/pub/after', { body: 'm' });
    expect((await request(njchan.port, 'GET', `/pub/${victim}`)).status).toBe(404);
  });

  it('a body that looks like a hand-off is a message', async () => {
    const body =
      'x\r\n\r\nPOST / HTTP/1.1\r\nHost: njchan\r\nNjchan-Direct-Channel: /in-body\r\nContent-Length: 1\r\n\r\nx';
    for (const location of ['pub', 'slow']) {
      for (let i = 0; i < 3; i++) {
        await request(njchan.port, 'POST', `/${location}/${location}-body?n=5`, { body });
      }
      const poll = await request(njchan.port, 'GET', `/poll/${location}-body`);
      expect(poll.body.toString()).toBe(body);
    }
    expect((await request(njchan.port, 'GET', '/pub/in-body')).status).toBe(404);
  });

  it('a body that ends early is no message, and the next request is answered', async () => {
    const connection = await RawConnection.open(njchan.port);
    connection.send('POST /pub/cut-off HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this');
    connection.destroy();
    await waitFor('an answer', async () => {
      return (await request(njchan.port, 'POST', '/pub/after', { body: 'm' })).status === 202;
    });
    expect((await request(njchan.port, 'GET', '/pub/cut-off')).status).toBe(404);
  });
});

describe('ways around a location', () => {
  threat('around-location');
  it.each([
    '/@njchan',
    '/%40njchan',
    '/njchan_sidecar/publish',
    '//pub/../../@njchan',
    '/pub/x/%2e%2e/%2e%2e/@njchan',
    'http://njchan_sidecar/publish',
  ])('%s', async (target) => {
    const answer = await request(njchan.port, 'POST', target, {
      body: 'm',
      headers: {
        'Njchan-Direct-Channel': '/around',
        'Njchan-Action': 'publish',
        'Njchan-Channels': '/around',
      },
    });
    expect([400, 404]).toContain(answer.status);
    expect((await request(njchan.port, 'GET', '/pub/around')).status).toBe(404);
  });
});
