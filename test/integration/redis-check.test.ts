/** `njchan redis-check` on a real Redis, whose channels our own scripts made before the test damaged them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { redisCheck } from '../../cli/commands/redis-check.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { Checker } from '../../cli/redis-check/checker.ts';
import type { Finding } from '../../cli/redis-check/finding.ts';
import type { Script } from '../../lua/hsss/script.ts';
import { connectRedis } from '../../sidecar/store/redis/client.ts';
import { channelHeadKey } from '../../sidecar/store/redis/keys.ts';
import { atEnd } from '../support/cleanup.ts';
import { CLI, tempDir } from '../support/files.ts';
import { type RedisServer, startRedis } from '../support/redis.ts';
import { sampleScript } from '../support/scripts.ts';
import { shippedScript } from '../support/shipped-scripts.ts';

const rsck = shippedScript('rsck');
const publish = shippedScript('publish');

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
      expect.stringMatching(/^ {2}time is 17, but current_message is \d+:0$/),
      expect.stringMatching(
        /^ {2}what to do: delete the channel \(HTTP DELETE.*\), or wait: it expires in 360\d s$/,
      ),
      'channel test/a, key {channel:test/a}',
      '  fake_subscribers is -1',
      '  what to do: nothing; it is harmless and goes away with the channel',
      '2 channels, 6 keys: problems with 1 of the keys, 1 harmless notice',
      '',
    ]);
  });

  it('is content with counters below zero, which Nchan leaves', async () => {
    await publishTo('test/a');
    await client.hset('{channel:test/a}', 'fake_subscribers', '-1', 'subscribers', '-2');
    const { code, stdout } = await check();
    expect(code).toBe(EXIT.ok.code);
    expect(stdout).toContain('  fake_subscribers is -1\n');
    expect(stdout).toContain('  subscribers is -2\n');
    expect(stdout).not.toContain('delete');
    expect(stdout).toMatch(/1 channel, 3 keys: no problems, 1 harmless notice\n$/);
  });

  it("does not advise to delete what is not njchan's", async () => {
    await client.set('{channel:test/a}', 'x');
    await client.set('{channel:test/b}:messages', 'x');
    const { code, stdout } = await check();
    expect(code).toBe(EXIT.refused.code);
    const advice = "  what to do: not njchan's or Nchan's? Find out which program writes it\n";
    expect(stdout).toContain(`  the head is a string, not a hash\n${advice}`);
    expect(stdout).toContain(`key {channel:test/b}:messages\n  it is a string, not a list\n${advice}`);
    expect(stdout).not.toContain('delete');
  });

  it('looks at all messages of a channel, a slice at a time', async () => {
    await publishTo('test/a');
    const oldest = Array.from({ length: 2_500 }, (_, i) => `${1_000_000 - i}:0`);
    await client.rpush('{channel:test/a}:messages', ...oldest, '2000000:0');
    await client.hset('{channel:test/a}', 'max_stored_messages', '-1');
    await client.config('RESETSTAT');
    const { stdout } = await check();
    expect(stdout).toContain('  message 997501:0 is listed before 2000000:0\n');
    expect(await client.info('commandstats')).toContain('cmdstat_evalsha:calls=3,');
  });

  it('gives up a channel with very many problems', async () => {
    await publishTo('test/a');
    const wrong = Array.from({ length: 3_000 }, (_, i) => `${i + 1}:0`);
    await client.rpush('{channel:test/a}:messages', ...wrong);
    const { stdout } = await check();
    expect(stdout).toContain('there may be more: messages after the first 2000 were not looked at\n');
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
    await client.hset('{channel:test/e}:msg:1:0', 'x', '1');
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
      kind: 'damaged',
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
    const script = sampleScript({ name: 'rsck', source: 'return { -1, { "damaged", "\\27[31m\\n" } }' });
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
    for await (const findings of checker.run(undefined, new AbortController().signal)) {
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
    for (const reply of ['"fine"', '{ "-1" }', '{ -1, "x" }', '{ -1, { 1 } }', '{ -1, { "new", "x" } }']) {
      const script = sampleScript({ name: 'rsck', source: `return ${reply}` });
      await expect(check({ script })).rejects.toThrow('rsck.lua did not answer with a list of problems');
    }
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

describe('the output of njchan redis-check', () => {
  /** Lines of this length are more than Node.js and a pipe take at once. */
  const LONG = 'x'.repeat(100_000);

  /** Channels with a problem each. */
  async function damaged(count: number, name: string): Promise<void> {
    const pipeline = client.pipeline();
    for (let i = 0; i < count; i++) pipeline.hset(`{channel:${name}${i}}`, 'x', '1');
    await pipeline.exec();
  }

  /** Runs the command in a shell, with its output going where `target` says. */
  async function shell(target: string): Promise<{ status: number; stdout: string; stderr: string }> {
    const command = `set -o pipefail; '${process.execPath}' '${CLI}' redis-check '${url}' ${target}`;
    const child = spawn('bash', ['-c', command], { stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (data) => {
      output.stdout += data;
    });
    child.stderr.on('data', (data) => {
      output.stderr += data;
    });
    const [status] = (await once(child, 'close')) as [number];
    return { status, ...output };
  }

  it('may be longer than a pipe takes at once', async () => {
    await damaged(30, LONG);
    const { stdout, stderr } = await shell('| { read -r line; cat; } | tail -n 1');
    expect({ stdout, stderr }).toEqual({
      stdout: '30 channels, 30 keys: problems with 30 of the keys\n',
      stderr: '',
    });
  });

  it('ends the walk when its reader is gone', async () => {
    await damaged(2_000, 'test/');
    await client.config('RESETSTAT');
    const { stdout, stderr } = await shell('| head -n 3');
    expect(stdout.split('\n')).toHaveLength(4);
    expect(stderr).toBe('');
    const calls = /cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    expect(Number(calls)).toBeLessThan(2_000);
  });

  it('is refused in one line on a full disk', async () => {
    await damaged(2_000, 'test/');
    await client.config('RESETSTAT');
    const { status, stderr } = await shell('> /dev/full');
    expect(status).toBe(EXIT.refused.code);
    expect(stderr).toMatch(/^njchan: cannot write to standard output: ENOSPC: .*\n$/);
    const calls = /cmdstat_evalsha:calls=(\d+)/.exec(await client.info('commandstats'))?.[1];
    expect(Number(calls)).toBeLessThan(2_000);
  });

  it('may be its only failure', async () => {
    const { status, stderr } = await shell('> /dev/full');
    expect(status).toBe(EXIT.refused.code);
    expect(stderr).toMatch(/^njchan: cannot write to standard output: .*\n$/);
  });
});
