/** Every configuration that ships is taken, passes nginx's test, and serves publishers and subscribers. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { type Njchan, runCli, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';

const EXAMPLES = 'nginx/examples';
const FILES = [
  'nginx/nginx.conf',
  ...(readdirSync(join(REPOSITORY, EXAMPLES), { recursive: true }) as string[])
    .filter((name) => name.endsWith('.conf'))
    .map((name) => join(EXAMPLES, name)),
];
/** Examples that have other locations, and a test of their own. */
const TESTED_ELSEWHERE: Readonly<Record<string, string>> = {
  'nginx/examples/chat/nginx.conf': 'test/browser/chat.test.ts',
};
const REDIS_URL = 'redis://redis:6379';

describe.each(FILES)('%s', (file) => {
  const shipped = readFileSync(join(REPOSITORY, file), 'utf8');
  const needsRedis = shipped.includes(REDIS_URL);

  /** The same on this test's ports. */
  const onPorts = (port: number, redisPort: number) =>
    shipped
      .replaceAll('listen 8080;', `listen 127.0.0.1:${port};`)
      .replaceAll(REDIS_URL, `redis://127.0.0.1:${redisPort}`);

  /** Publishes in both places and expects it in both. */
  async function expectService({ port, url }: Njchan): Promise<void> {
    const publish = (path: string, body: string) => request(port, 'POST', path, { body });
    await waitFor('a publisher to be served', async () => (await publish('/pub/a', 'first')).status === 202);
    const streams = [await openEventSource(`${url}/sub/a`), await openEventSource(`${url}/pubsub/a`)];
    expect((await publish('/pubsub/a', 'second')).status).toBe(201);
    for (const stream of streams) {
      expect([(await stream.event()).data, (await stream.event()).data]).toEqual(['first', 'second']);
      stream.close();
    }
    const poll = await request(port, 'GET', '/sub/a');
    expect([poll.status, poll.body.toString()]).toEqual([200, 'first']);
  }

  it('is taken, and nginx finds nothing wrong with what it becomes', async () => {
    const dir = tempDir();
    const conf = join(dir, 'nginx.conf');
    writeFileSync(conf, onPorts(await freePort(), await freePort()));
    const { code, stdout, stderr } = await runCli(['check', '-c', conf]);
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/: good, [1-9]\d* locations with/),
      stderr: '',
    });
  });

  const elsewhere = TESTED_ELSEWHERE[file];
  if (elsewhere) {
    it('has a test of its own', () => {
      expect(readFileSync(join(REPOSITORY, elsewhere), 'utf8')).toContain(dirname(file));
    });
    return;
  }

  it('serves publishers and subscribers', async () => {
    const redisPort = await freePort();
    if (needsRedis) await startRedis({ port: redisPort });
    const njchan = await startNjchan({ config: (port) => onPorts(port, redisPort) });
    await expectService(njchan);
    expect(njchan.output()).not.toMatch(/warn|error/);
  });
});

it('there are examples', () => expect(FILES.length).toBeGreaterThan(1));
