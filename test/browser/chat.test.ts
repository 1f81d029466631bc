/** nginx/examples/chat: an application with sessions behind every hook, and people who use it in browsers. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { startBrowser } from '../support/browser.ts';
import { atEnd } from '../support/cleanup.ts';
import { REPOSITORY } from '../support/files.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

const EXAMPLE = 'nginx/examples/chat';
const read = (file: string): string => readFileSync(join(REPOSITORY, file), 'utf8');

let njchan: Njchan;
let ownPort: number;

async function startApplication(port: number, njchanPort: number): Promise<ChildProcess> {
  const child = spawn(process.execPath, [join(REPOSITORY, EXAMPLE, 'application.mjs')], {
    env: { ...process.env, PORT: String(port), NJCHAN: `http://127.0.0.1:${njchanPort}` },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  atEnd(() => void child.kill());
  await new Promise((resolve) => child.stdout?.once('data', resolve));
  return child;
}

beforeAll(async () => {
  const applicationPort = await freePort();
  ownPort = await freePort();
  await startApplication(applicationPort, ownPort);
  njchan = await startNjchan({
    config: (port) =>
      read(`${EXAMPLE}/nginx.conf`)
        .replace('listen 8080;', `listen 127.0.0.1:${port};`)
        .replace('127.0.0.1:8081', `127.0.0.1:${ownPort}`)
        .replace('127.0.0.1:3000', `127.0.0.1:${applicationPort}`),
  });
});

/** Somebody with a browser of her own, and so with her own cookies. */
class Visitor {
  private constructor(readonly page: Page) {}

  static async come(): Promise<Visitor> {
    const page = await (await startBrowser()).newPage();
    await page.goto(njchan.url);
    return new Visitor(page);
  }

  async logIn(name: string): Promise<void> {
    await this.page.fill('#login input', name);
    await this.page.click('#login button');
    await this.sees('#state', 'welcome');
  }

  async enter(room: string): Promise<void> {
    await this.page.fill('#enter input', room);
    await this.page.click('#enter button');
  }

  async say(text: string): Promise<void> {
    await this.page.fill('#say input', text);
    await this.page.click('#say button');
  }

  async sees(where: string, text: string): Promise<void> {
    await this.page.waitForFunction(
      `document.querySelector('${where}').textContent.trim() === ${JSON.stringify(text)}`,
    );
  }

  heard(): Promise<string[]> {
    return this.page.$$eval('#said li', (items) => items.map(({ textContent }) => textContent ?? ''));
  }
}

const HANDSHAKE = {
  Connection: 'Upgrade',
  Upgrade: 'websocket',
  'Sec-WebSocket-Version': '13',
  'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

describe('a chat', () => {
  it('lets in who is logged in, knows who is there, and checks what is said', async () => {
    const anna = await Visitor.come();
    const bob = await Visitor.come();

    await anna.enter('lobby');
    await anna.sees('#state', 'outside');
    await anna.logIn('anna');
    await anna.enter('lobby');
    await anna.sees('#state', 'in lobby');
    await anna.sees('#present', 'anna');

    await bob.logIn('bob');
    await bob.enter('lobby');
    await bob.sees('#present', 'anna, bob');
    await anna.sees('#present', 'anna, bob');

    await anna.say('hello');
    await bob.say('   ');
    await bob.say('darn, hello');
    const expected = ['anna: hello', 'bob: ****, hello'];
    for (const visitor of [anna, bob]) {
      await waitFor('what was said', async () => (await visitor.heard()).length >= 2);
      expect(await visitor.heard()).toEqual(expected);
    }

    await bob.say('x'.repeat(501));
    await bob.sees('#state', 'closed: 403 Forbidden');
    await anna.sees('#present', 'anna');

    await bob.enter('staff');
    await bob.sees('#state', 'outside');
    await anna.page.click('#leave');
    await anna.sees('#state', 'outside');
    await anna.enter('staff');
    await anna.sees('#state', 'in staff');

    // Whoever just goes is noticed too.
    await bob.enter('lobby');
    await bob.sees('#present', 'bob');
    await anna.enter('lobby');
    await bob.sees('#present', 'anna, bob');
    await anna.page.close();
    await bob.sees('#present', 'bob');
  }, 60_000);

  it('refuses pages of other sites before the application is asked', async () => {
    threat('wrong-origin');
    const from = (origin: string) =>
      request(njchan.port, 'GET', '/rooms/lobby', { headers: { ...HANDSHAKE, Origin: origin } });
    expect((await from('http://evil.example')).status).toBe(403);
    const own = `http://127.0.0.1:${njchan.port}`;
    const asked = await request(njchan.port, 'GET', '/rooms/lobby', {
      headers: { ...HANDSHAKE, Host: `127.0.0.1:${njchan.port}`, Origin: own },
    });
    expect(asked.status).toBe(401);
  });

  it('is asked by nginx alone, and speaks where nobody else can', async () => {
    for (const path of ['may-enter', 'entered', 'left', 'check']) {
      expect((await request(njchan.port, 'GET', `/ask/${path}`)).status).toBe(404);
    }
    expect((await request(njchan.port, 'POST', '/rooms/lobby', { body: 'forged' })).status).toBe(403);
    expect((await request(ownPort, 'POST', '/rooms/quiet', { body: 'from the application' })).status).toBe(
      202,
    );
  });
});

it('is started as its configuration and docs/hooks.md say', () => {
  for (const text of [read(`${EXAMPLE}/nginx.conf`), read('docs/hooks.md')]) {
    expect(text).toContain(`node ${EXAMPLE}/application.mjs`);
    expect(text).toContain(`njchan up -c ${EXAMPLE}/nginx.conf`);
  }
});
