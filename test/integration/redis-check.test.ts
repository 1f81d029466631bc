/** `njchan redis-check` on a real Redis, whose channels our own scripts made before the test damaged them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { redisCheck } from '../../cli/commands/redis-check.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { Checker } from '../../cli/redis-check/checker.ts';
import type { Finding } from '../../cli/redis-check/finding.ts';
import type { Script } from '../../lua/hsss/script.ts';
import { splinter } from '../../lua/hsss/splinter.ts';
import { connectRedis } from '../../sidecar/store/redis/client.ts';
import { channelHeadKey } from '../../sidecar/store/redis/keys.ts';
import { atEnd } from '../support/cleanup.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { sampleScript } from '../support/scripts.ts';

const LUA = join(REPOSITORY, 'lua');
const scripts = new Map(
  splinter(
    readdirSync(LUA)
      .filter((file) => file.endsWith('.lua'))
      .map((file) => join(LUA, file)),
    { lint: false },
  ).map((script) => [script.name, script]),
);
const rsck = scripts.get('rsck') as Script;
const publish = scripts.get('publish') as Script;

let redis: RedisServer;
let client: Redis;
let url: string;
beforeAll(async () => {
  redis = await startRedis();
  client = await redis.connect();
  url = `unix://${redis.socket}`;
});
beforeEach(() => client.flushall());
afterEach(() => {
  vi.restoreAllMocks();
});

/** Publishes a message as the sidecar does. */
async function publishTo(id: string, { namespace = '', maxMessages = 10 } = {}): Promise<void> {
  const args = ['hello', 'text/plain', '', '0', 3600, maxMessages, 5120, 'PUBLISH', '0'];
  await client.eval(publish.source, 1, channelHeadKey(namespace, id), ...args);
}

/** Runs the command in this process. */
async function check(
  options: { namespace?: string; json?: boolean; script?: Script } = {},
): Promise<{ code: number; stdout: string }> {
  let stdout = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    stdout += text;
    return true;
  });
  const { script = rsck, ...values } = options;
  const code = await redisCheck({ url, ...values }, script);
  return { code, stdout };
}

/** Everything in the server: values and times of expiry. */
async function everything(): Promise<unknown> {
  const keys = (await client.keysBuffer('*')).sort(Buffer.compare);
  return Promise.all(
    keys.map(async (key) => [key, await client.dumpBuffer(key), await client.pexpiretime(key)]),
  );
}

describe('njchan redis-check', () => {
  it('finds nothing in an empty server, and nothing in one that is well', async () => {
    expect(await check()).toEqual({ code: EXIT.ok.code, stdout: '0 channels, 0 keys: no problems\n' });
    await publishTo('test/a');
    await publishTo('test/b}', { namespace: 'ns:' });
    await client.set('another', 'program');
    expect(await check()).toEqual({ code: EXIT.ok.code, stdout: '2 channels, 6 keys: no problems\n' });
  });

  it('walks more channels than one SCAN gives', async () => {
    await Promise.all(Array.from({ length: 700 }, (_, i) => publishTo(`test/${i}`)));
    expect((await check()).stdout).toBe('700 channels, 2100 keys: no problems\n');
  });

  it('prints what the script says about a channel, and what to do', async () => {
    await publishTo('test/a');
    await publishTo('test/well');
    await client.hset('{channel:test/a}', 'fake_subscribers', '-1');
    await client.hset('{channel:test/a}', 'time', '17');
    const { code, stdout } = await check();
    expect(code).toBe(EXIT.refused.code);
    expect(stdout.split('\n')).toEqual([
      'channel test/a, key {channel:test/a}',
      '  fake_subscribers is -1',
      expect.stringMatching(/^ {2}time is 17, but current_message is \d+:0$/),
      expect.stringMatching(
        /^ {2}what to do: delete the channel \(HTTP DELETE.*\), or wait: it expires in 360\d s$/,
      ),
      '2 channels, 6 keys: problems with 1 of the keys',
      '',
    ]);
  });

  it('says that something never goes away by itself', async () => {
    await publishTo('test/a');
    await client.persist('{channel:test/a}');
    expect((await check()).stdout).toMatch(/what to do: delete the channel .*: it never expires\n/);
  });

  it('finds keys whose channel is gone', async () => {
    await publishTo('test/a');
    await client.del('{channel:test/a}');
    await client.hset('{channel:test/b}:subscriber_counts', 'w', '1');
    await client.sadd('{channel:test/c}:subscribers', '1');
    await client.set('{channel:test/d}:deleted', '1');
    await client.set('{channel:test/e}:msg:1:0', 'no hash');
    const { code, stdout } = await check();
    expect(code).toBe(EXIT.refused.code);
    expect(stdout).toContain('key {channel:test/a}:messages\n  a list of messages whose channel is gone\n');
    expect(stdout).toMatch(/key \{channel:test\/a\}:msg:\d+:0\n {2}a message whose channel is gone\n/);
    expect(stdout).toContain('key {channel:test/b}:subscriber_counts\n  subscriber counts whose');
    expect(stdout).toContain('key {channel:test/c}:subscribers\n  a set of subscribers whose');
    expect(stdout).toContain('key {channel:test/d}:deleted\n  the mark of a deleted channel');
    expect(stdout).toContain('key {channel:test/e}:msg:1:0\n  a message whose');
    expect(stdout).toContain('delete the key (DEL), or wait: it expires in 3600 s');
    expect(stdout).toContain('delete the key (DEL): it never expires');
    expect(stdout).toMatch(/0 channels, 6 keys: problems with 6 of the keys\n$/);
  });

  it('takes what a deleted channel leaves behind for what it is', async () => {
    await publishTo('test/a', { maxMessages: 0 });
    await client.del('{channel:test/a}');
    await client.set('{channel:test/a}:deleted', '1', 'EX', 5);
    await client.hset('{channel:test/a}:subscriber_counts', 'w', '-1');
    await client.pexpire('{channel:test/a}:subscriber_counts', 900);
    await client.set('{channel:test/a}:something-new', '1');
    expect((await check()).code).toBe(EXIT.ok.code);
  });

  it('looks at one namespace, whatever characters it has', async () => {
    for (const namespace of ['', 'n*s:', 'nxs:']) await publishTo('test/a', { namespace });
    for (const key of await client.keys('*{channel:test/a}')) await client.persist(key);
    const { stdout } = await check({ namespace: 'n*s' });
    expect(stdout).toContain('key n*s:{channel:test/a}\n');
    expect(stdout).toMatch(/1 channel, 3 keys: problems with 1 of the keys\n$/);
  });

  it('prints JSON', async () => {
    expect(JSON.parse((await check({ json: true })).stdout)).toEqual({ findings: [], channels: 0, keys: 0 });
    await client.hset(channelHeadKey('ns:', 'ü}"'), 'x', '1');
    await client.rpush(Buffer.from('{channel:\xff\n}:messages', 'latin1'), '1:0');
    const { code, stdout } = await check({ json: true });
    expect(code).toBe(EXIT.refused.code);
    const { findings, ...counts } = JSON.parse(stdout) as { findings: Finding[] };
    expect(counts).toEqual({ channels: 1, keys: 2 });
    expect(findings).toHaveLength(2);
    expect(findings).toContainEqual({
      key: 'ns:{channel:ü\x19"}',
      namespace: 'ns:',
      channel: 'ü}"',
      problems: ['the head never expires'],
      advice: expect.stringContaining('it never expires'),
    });
    expect(findings).toContainEqual(expect.objectContaining({ channel: '\\xff\\n' }));
  });

  it('prints nothing that could drive a terminal', async () => {
    await client.rpush('{channel:\x1b[31m\n}:messages', '1:0');
    await client.hset('{channel:a}', 'x', '1');
    const script = sampleScript({ name: 'rsck', source: 'return { "\\27[31m\\n" }' });
    const { stdout } = await check({ script });
    expect(stdout.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
    expect(stdout).toContain('channel \\x1b[31m\\n, key {channel:\\x1b[31m\\n}:messages');
    expect(stdout).toContain('  \\x1b[31m\\n\n');
  });

  it('changes nothing', async () => {
    await publishTo('test/a');
    await publishTo('test/b');
    await client.del('{channel:test/b}');
    await client.hset('{channel:test/a}', 'subscribers', '-1');
    const before = await everything();
    expect((await check()).code).toBe(EXIT.refused.code);
    expect(await everything()).toEqual(before);
  });

  it('goes on when somebody flushes the scripts', async () => {
    await Promise.all(Array.from({ length: 700 }, (_, i) => publishTo(`test/${i}`)));
    const own = await connectRedis(url, { name: 'test', onError: () => {} });
    atEnd(() => own.disconnect());
    const checker = new Checker(own, rsck);
    for await (const findings of checker.run(undefined)) {
      expect(findings).toEqual([]);
      await client.script('FLUSH');
    }
    expect(checker.counts.channels).toBe(700);
  });

  it('reports a channel on which the script fails', async () => {
    await publishTo('test/a');
    const script = sampleScript({ name: 'rsck', source: '\nreturn redis.call("LLEN", KEYS[1])' });
    const { code, stdout } = await check({ script });
    expect(code).toBe(EXIT.refused.code);
    expect(stdout).toContain('  it cannot be checked: rsck.lua:2: WRONGTYPE Operation against');
  });

  it('does not take an answer that is none', async () => {
    await publishTo('test/a');
    const script = sampleScript({ name: 'rsck', source: 'return "fine"' });
    await expect(check({ script })).rejects.toThrow('rsck.lua did not answer with a list of problems');
  });

  it.each([
    [
      'nobody is there',
      () => `unix://${join(tempDir(), 'none.sock')}`,
      'redis',
      'no connection to Redis at unix',
    ],
    ['the URL is wrong', () => 'http://u:sekret@h', 'usage', 'this is no URL of a Redis server'],
    ['the user may not', () => `unix://eve:sekret@${redis.socket}`, 'redis', 'NOPERM'],
  ])('says that %s', async (_, wrongUrl, exit, message) => {
    await client.call('ACL', 'SETUSER', 'eve', 'on', '>sekret', '~*', '+@all', '-scan');
    const attempt = redisCheck({ url: wrongUrl() }, rsck);
    await expect(attempt).rejects.toMatchObject({ exit, message: expect.stringContaining(message) });
    await expect(attempt).rejects.toThrow(/^njchan redis-check: /);
    await expect(attempt).rejects.not.toThrow(/sekret/);
  });

  it('says that Redis ended in the middle', async () => {
    const doomed = await startRedis();
    const killer = await doomed.connect();
    await killer.hset('{channel:a}', 'x', '1');
    const script = sampleScript({ name: 'rsck', source: 'while true do end' });
    // Then the server takes a command to end while a script runs.
    await killer.config('SET', 'busy-reply-threshold', 10);
    vi.spyOn(process.stdout, 'write').mockReturnValue(true);
    const attempt = redisCheck({ url: `unix://${doomed.socket}` }, script);
    const shutdown = killer.shutdown('NOSAVE').catch(() => {});
    await expect(attempt).rejects.toMatchObject({ exit: 'redis' });
    await shutdown;
  });
});
