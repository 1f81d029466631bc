/** Nchan's own client library (npm: nchan), as it is, in a real browser. */
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { untilSubscribers } from '../support/channel-figures.ts';
import { REPOSITORY } from '../support/files.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

const TRANSPORTS = ['websocket', 'eventsource', 'longpoll'] as const;
/** A browser waits some seconds before it opens an EventSource again. */
const RECONNECT_DEADLINE_MS = 20_000;

interface Received {
  readonly message: string;
  readonly id: string | null;
  readonly type: string | null;
}

let njchan: Njchan;
let proxy: TcpProxy;
let page: Page;

beforeAll(async () => {
  njchan = await startNjchan({
    config: `${LOCATIONS}
        location ~ ^/at-once/(.*)$ {
            nchan_subscriber;
            nchan_longpoll_multipart_response on;
            nchan_channel_id $1;
        }
        location ~ ^/both/(.*)$ { nchan_subscriber; nchan_channel_id $1-a $1-b; }
        location = /page {
            default_type text/html;
            return 200 '<!doctype html><title>njchan</title><script src="/client/NchanSubscriber.js"></script>';
        }
        location /client/ { alias ${join(REPOSITORY, 'node_modules/nchan')}/; }`,
  });
  proxy = await startTcpProxy(njchan.port);
  page = await (await startBrowser()).newPage();
  await page.goto(`http://127.0.0.1:${proxy.port}/page`);
});
afterEach(() => page.evaluate('window.subscriber && window.subscriber.stop()'));

const publish = (channel: string, body: string, headers: Record<string, string> = {}): Promise<unknown> =>
  request(njchan.port, 'POST', `/pub/${channel}`, { body, headers });

/** Starts a subscriber as the library's README says; what it receives is collected in `window.received`. */
async function subscribe(path: string, transport: string, options: object = {}): Promise<void> {
  await page.evaluate(`
    window.received = [];
    window.subscriber = new NchanSubscriber('${path}', ${JSON.stringify({ subscriber: transport, ...options })});
    window.subscriber.on('message', (message, meta) =>
      window.received.push({ message, id: meta.id || null, type: meta['content-type'] || null }));
    window.subscriber.start();
  `);
}

const subscribed = (channel: string): Promise<void> =>
  untilSubscribers(njchan.port, `/pub/${channel}`, 1, RECONNECT_DEADLINE_MS);

/** Waits for so many messages in all. */
const received = (count: number): Promise<Received[]> =>
  page
    .waitForFunction(`window.received.length >= ${count} && window.received`, undefined, {
      timeout: RECONNECT_DEADLINE_MS,
    })
    .then((handle) => handle.jsonValue() as Promise<Received[]>);
const texts = async (count: number): Promise<string[]> =>
  (await received(count)).map(({ message }) => message);

describe.each(TRANSPORTS)('Nchan’s client library over %s', (transport) => {
  it('gets buffered and live messages with their ids', async () => {
    const channel = `plain-${transport}`;
    await publish(channel, 'buffered');
    await subscribe(`/sub/${channel}`, transport);
    await subscribed(channel);
    await publish(channel, 'live\nin two lines');
    const got = await received(2);
    expect(got.map(({ message }) => message)).toEqual(['buffered', 'live\nin two lines']);
    for (const { id } of got) expect(id).toMatch(/^\d+:\d+$/);
    expect(await page.evaluate('window.subscriber.transport.name')).toBe(transport);
  });

  it('resumes after the connection was cut, without loss or repetition', async () => {
    const channel = `cut-${transport}`;
    await subscribe(`/sub/${channel}`, transport);
    await subscribed(channel);
    await publish(channel, 'one');
    await publish(channel, 'two');
    expect(await texts(2)).toEqual(['one', 'two']);

    const before = proxy.connections();
    proxy.cut();
    await publish(channel, 'missed one');
    await publish(channel, 'missed two');
    expect(await texts(4)).toEqual(['one', 'two', 'missed one', 'missed two']);
    expect(proxy.connections()).toBeGreaterThan(before);

    await subscribed(channel);
    await publish(channel, 'after');
    expect(await texts(5)).toEqual(['one', 'two', 'missed one', 'missed two', 'after']);
  });
});

describe('Nchan’s client library', () => {
  it('gets several messages in one answer to a long-poll', async () => {
    for (const body of ['one', 'two\n\n', '']) await publish('at-once', body);
    await subscribe('/at-once/at-once', 'longpoll');
    // The library takes the first half of each part's line end for the message; it does so with Nchan, too.
    expect(await texts(3)).toEqual(['one\r', 'two\n\n\r', '\r']);
    await subscribed('at-once');
    await publish('at-once', 'live');
    expect((await texts(4))[3]).toBe('live');
  });

  it.each(TRANSPORTS)('resumes a subscription to two channels over %s', async (transport) => {
    const channel = `both-${transport}`;
    await subscribe(`/both/${channel}`, transport);
    await subscribed(`${channel}-a`);
    await publish(`${channel}-a`, 'a1');
    await texts(1);
    await publish(`${channel}-b`, 'b1');
    expect(await texts(2)).toEqual(['a1', 'b1']);
    proxy.cut();
    await publish(`${channel}-a`, 'a2');
    await texts(3);
    await subscribed(`${channel}-b`);
    await publish(`${channel}-b`, 'b2');
    expect(await texts(4)).toEqual(['a1', 'b1', 'a2', 'b2']);
  });

  it.each(['websocket', 'longpoll'])('gets content types over %s', async (transport) => {
    const channel = `typed-${transport}`;
    await subscribe(`/sub/${channel}`, transport);
    await subscribed(channel);
    await publish(channel, '[]', { 'Content-Type': 'application/json' });
    expect(await received(1)).toMatchObject([{ message: '[]', type: 'application/json' }]);
  });

  it('resumes in the next page of the session', async () => {
    const options = { reconnect: 'session' };
    await subscribe('/sub/session', 'websocket', options);
    await subscribed('session');
    await publish('session', 'one');
    await received(1);
    await page.reload();
    await publish('session', 'two');
    await subscribe('/sub/session', 'websocket', options);
    expect(await texts(1)).toEqual(['two']);
  });
});
