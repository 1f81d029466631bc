/** Tokens as browsers can send them, and the page of docs/tokens.md. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { startBrowser } from '../support/browser.ts';
import { pageScript } from '../support/document-files.ts';
import { REPOSITORY } from '../support/files.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { ALL, inSeconds, makeToken, newKey } from '../support/tokens.ts';

const key = newKey('HS256');
const SCRIPT = pageScript(readFileSync(join(REPOSITORY, 'docs/tokens.md'), 'utf8'));

let njchan: Njchan;
let page: Page;

beforeAll(async () => {
  njchan = await startNjchan({
    config: `njchan_token_key ${key.file} alg=HS256 base64;
      njchan_token_leeway 0;
      njchan_token_from header subprotocol cookie:token;
      location ~ ^/chat/([\\w-]+)$ { nchan_pubsub; nchan_channel_id $1; }
      location = /page { default_type text/html; return 200 "<!doctype html><title>njchan</title>"; }`,
  });
  page = await (await startBrowser()).newPage();
  await page.goto(`${njchan.url}/page`);
});

const publish = (body: string): Promise<unknown> =>
  request(njchan.port, 'POST', '/chat/lobby', {
    body,
    headers: { Authorization: `Bearer ${makeToken(key, ALL)}` },
  });
/** Runs the script of the document in the page, whose console goes to `window.said`. */
const runScript = (token: string): Promise<unknown> =>
  page.evaluate(`(() => {
    const said = (window.said = []);
    const console = { log: (text) => said.push(text) };
    const token = ${JSON.stringify(token)};
    ${SCRIPT.replace('localhost:8080', `127.0.0.1:${njchan.port}`)}
    return new Promise((resolve, reject) => {
      socket.onopen = () => resolve(socket.protocol);
      socket.onerror = () => reject(new Error('refused'));
    });
  })()`);
const said = (count: number): Promise<unknown> =>
  page.waitForFunction(`window.said.length >= ${count} && window.said`).then((handle) => handle.jsonValue());

describe('a page', () => {
  it('subscribes as docs/tokens.md shows, and hears when its token expires', async () => {
    expect(await runScript(makeToken(key, { ...ALL, exp: inSeconds(8) }))).toBe('njchan');
    await publish('hello');
    expect(await said(2)).toEqual(['hello', 'get a new token, and connect again']);
  });

  it('is refused with a bad token', async () => {
    await expect(runScript('a.b.c')).rejects.toThrow('refused');
  });

  it('may offer its token alone', async () => {
    const opened = page.evaluate(`new Promise((resolve, reject) => {
      const socket = new WebSocket('${njchan.url.replace('http', 'ws')}/chat/lobby', ['njchan.token.${makeToken(key, ALL)}']);
      socket.onopen = () => resolve('open');
      socket.onerror = () => reject(new Error('refused'));
    })`);
    expect(await opened).toBe('open');
  });

  it('has an EventSource with a cookie', async () => {
    await publish('hello');
    const opened = page.evaluate(`new Promise((resolve, reject) => {
      document.cookie = 'token=${makeToken(key, ALL)}; SameSite=Strict';
      const source = new EventSource('/chat/lobby');
      source.onmessage = ({ data }) => resolve(data);
      source.onerror = () => reject(new Error('refused'));
    })`);
    expect(await opened).toBe('hello');
  });
});
