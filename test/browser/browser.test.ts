import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { untilSubscribers } from '../support/channel-figures.ts';
import { LOCATIONS } from '../support/locations.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

let njchan: Njchan;
let page: Page;

beforeAll(async () => {
  njchan = await startNjchan({
    config: `${LOCATIONS}
        location = /page { default_type text/html; return 200 "<!doctype html><title>njchan</title>"; }`,
  });
  page = await (await startBrowser()).newPage();
  await page.goto(`${njchan.url}/page`);
});

const publish = (channel: string, body: string, headers = {}): Promise<unknown> =>
  request(njchan.port, 'POST', `/pub/${channel}`, { body, headers });

/** Runs in the page: subscribes and collects what arrives in `window.got`. */
const COLLECT = {
  websocket: `(url) => new Promise((resolve, reject) => {
    const got = (window.got = []);
    const socket = new WebSocket(url.replace('http', 'ws'), window.protocols || []);
    socket.onopen = () => resolve(socket.protocol);
    socket.onerror = () => reject(new Error('refused'));
    socket.onmessage = (event) => got.push(event.data);
    socket.onclose = (event) => got.push('closed ' + event.code + ' ' + event.reason);
    window.socket = socket;
  })`,
  eventsource: `(url) => new Promise((resolve) => {
    const got = (window.got = []);
    const source = new EventSource(url);
    source.onopen = () => resolve();
    source.onmessage = (event) => got.push([event.lastEventId, event.data]);
    source.addEventListener('news', (event) => got.push(['news', event.data]));
    window.source = source;
  })`,
};
const got = (count: number): Promise<unknown[]> =>
  page
    .waitForFunction(`window.got.length >= ${count} && window.got`)
    .then((handle) => handle.jsonValue() as Promise<unknown[]>);

describe('a browser', () => {
  it('subscribes and publishes over a WebSocket, and is told of the end', async () => {
    await page.evaluate(`(${COLLECT.websocket})('${njchan.url}/pubsub/browser')`);
    await publish('browser', 'from curl');
    await page.evaluate(`window.socket.send('from the page')`);
    expect(await got(2)).toEqual(['from curl', 'from the page']);
    await request(njchan.port, 'DELETE', '/pub/browser');
    expect((await got(3))[2]).toBe('closed 1001 410 Gone');
  });

  it('accepts the subprotocol of Nchan’s client library', async () => {
    await page.evaluate(`window.protocols = ['ws+meta.nchan']`);
    const protocol = await page.evaluate(`(${COLLECT.websocket})('${njchan.url}/sub/library')`);
    expect(protocol).toBe('ws+meta.nchan');
    await publish('library', 'hi', { 'Content-Type': 'text/plain' });
    expect((await got(1))[0]).toMatch(/^id: \d+:\d+\ncontent-type: text\/plain\n\nhi$/);
  });

  it('subscribes by EventSource and resumes by itself after a broken connection', async () => {
    await page.evaluate(`(${COLLECT.eventsource})('${njchan.url}/sub/events')`);
    await publish('events', 'one\ntwo');
    await publish('events', 'extra', { 'X-EventSource-Event': 'news' });
    const first = await got(2);
    expect(first).toEqual([
      [expect.stringMatching(/^\d+:\d+$/), 'one\ntwo'],
      ['news', 'extra'],
    ]);

    // Every stream ends; the browser comes back with the last id it saw.
    const pid = await njchan.sidecarPid();
    process.kill(pid, 'SIGTERM');
    // The old one may still count its subscribers, and take a message with it.
    await waitFor('another sidecar', async () => ![pid, null].includes(await njchan.sidecarPid()));
    await untilSubscribers(njchan.port, '/pub/events', 1, 20_000);
    await publish('events', 'after');
    expect((await got(3))[2]).toEqual([expect.stringMatching(/^\d+:\d+$/), 'after']);
  });
});
