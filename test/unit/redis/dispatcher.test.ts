/** Replies in an order and of kinds that real servers give only by chance. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { ScriptError, scriptsBySha1 } from '../../../lua/script-error.ts';
import type { Call } from '../../../sidecar/store/redis/call.ts';
import type { Waiter } from '../../../sidecar/store/redis/client.ts';
import { type Connection, ConnectionLostError } from '../../../sidecar/store/redis/connection.ts';
import { Dispatcher } from '../../../sidecar/store/redis/dispatcher.ts';
import { RedisUnavailableError } from '../../../sidecar/store/redis/link.ts';
import type { Server } from '../../../sidecar/store/redis/server.ts';
import type { Topology } from '../../../sidecar/store/redis/topology.ts';
import { upstreamOf } from '../../support/link.ts';
import { sampleScript } from '../../support/scripts.ts';

const script = sampleScript({ name: 'publish', source: 'return 1' });

/** A server whose replies the test gives one by one. */
class FakeServer {
  readonly url: string;
  readonly host = 'h';
  /** What was sent and not replied to. */
  readonly sent: { text: string; resolve: (reply: unknown) => void; reject: (error: Error) => void }[] = [];
  readonly scripts: Connection;
  reloads = 0;
  #answeredWaits: (() => void)[] = [];

  constructor(url: string) {
    this.url = url;
    this.scripts = {
      writable: true,
      send: (_name: string, args: string[]) =>
        new Promise((resolve, reject) => this.sent.push({ text: args.at(-1) ?? 'ASKING', resolve, reject })),
      call: (_name: string, args: string[], { replied, failed }: Waiter) =>
        this.sent.push({ text: args.at(-1) as string, resolve: replied, reject: failed }),
      answered: () =>
        new Promise<void>((resolve) => {
          this.#answeredWaits.push(resolve);
          this.#checkAnswered();
        }),
      close() {},
    } as unknown as Connection;
  }

  count(): void {}

  async reloadScripts(): Promise<void> {
    this.reloads++;
  }

  get texts(): string[] {
    return this.sent.map(({ text }) => text);
  }

  /** Replies to the oldest command. */
  async reply(reply: unknown): Promise<void> {
    const { resolve, reject } = this.sent.shift()!;
    if (reply instanceof Error) reject(reply);
    else resolve(reply);
    this.#checkAnswered();
    await nextTurn();
    await nextTurn();
  }

  #checkAnswered(): void {
    if (this.sent.length === 0) for (const resolve of this.#answeredWaits.splice(0)) resolve();
  }
}

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

function setUp(overrides?: Parameters<typeof upstreamOf>[1]) {
  const a = new FakeServer('redis://a');
  const b = new FakeServer('redis://b');
  const owner = { server: a as FakeServer | undefined };
  const doubts: (string | undefined)[] = [];
  const topology = {
    publishCommand: 'PUBLISH',
    lack: undefined,
    master: () => owner.server as unknown as Server | undefined,
    at: () => b as unknown as Server,
    slotMoved: () => {
      owner.server = b;
    },
    demoted: () => {
      owner.server = b;
    },
    doubt: (_server: Server, why: string | undefined) => void doubts.push(why),
  } as unknown as Topology;
  const upstream = upstreamOf([], {
    clusterRecoveryDelay: { minMs: 1, jitter: 0, backoff: 0, maxMs: 1 },
    ...overrides,
  });
  const dispatcher = new Dispatcher({ upstream, scripts: scriptsBySha1([script]), topology: () => topology });
  let order = 0;
  const run = (text: string, repeatable = false): Promise<unknown> =>
    new Promise((resolve, reject) => {
      dispatcher.submit({
        name: 'publish',
        script,
        args: [script.sha1, text],
        slot: 1,
        repeatable,
        bytes: 1,
        order: order++,
        waitingSince: undefined,
        attempts: 0,
        refused: undefined,
        asking: undefined,
        resolve,
        reject,
      } satisfies Call);
    });
  return { a, b, owner, doubts, dispatcher, run };
}

const failure = (promise: Promise<unknown>) => promise.catch((error: unknown) => error);

describe('the order of calls', () => {
  it.each([
    ['its slot has moved', 'MOVED 1 h:2'],
    ['its slot is on its way', 'ASK 1 h:2'],
    ['its server is a replica now', "READONLY You can't write against a read only replica."],
  ])('is kept when one is refused, because %s, before another one is', async (_, message) => {
    const { a, b, run } = setUp();
    const calls = [run('1'), run('2')];
    await a.reply(replyError(message));
    calls.push(run('3'));
    expect([a.texts, b.texts]).toEqual([['2'], []]);
    await a.reply(replyError(message));
    while (b.sent.length === 0) await nextTurn();
    const there = b.texts.filter((text) => text !== 'ASKING');
    // What was not refused itself still goes to where the slot is until it has moved.
    expect([...there, ...a.texts]).toEqual(['1', '2', '3']);
    while (b.sent.length > 0) await b.reply('OK');
    while (a.sent.length > 0) await a.reply('OK');
    expect(await Promise.all(calls)).toEqual(['OK', 'OK', 'OK']);
  });

  it('is kept while scripts are loaded again, once for all of them', async () => {
    const { a, run } = setUp();
    const calls = [run('1'), run('2')];
    await a.reply(replyError('NOSCRIPT No matching script.'));
    calls.push(run('3'));
    expect(a.texts).toEqual(['2']);
    await a.reply(replyError('NOSCRIPT No matching script.'));
    expect(a.texts).toEqual(['1', '2', '3']);
    expect(a.reloads).toBe(1);
    for (const _call of calls) await a.reply('OK');
    expect(await Promise.all(calls)).toEqual(['OK', 'OK', 'OK']);
  });

  it('is that of other slots only among themselves', async () => {
    const { a, dispatcher, run } = setUp();
    void failure(run('1'));
    void failure(run('2'));
    await a.reply(replyError('ASK 1 h:2'));
    dispatcher.submit({ ...anyCall(), slot: 2, order: 9, args: [script.sha1, 'other'] });
    expect(a.texts).toEqual(['2', 'other']);
  });
});

function anyCall(): Call {
  return {
    name: 'publish',
    script,
    args: [],
    slot: 1,
    repeatable: false,
    bytes: 1,
    order: 0,
    waitingSince: undefined,
    attempts: 0,
    refused: undefined,
    asking: undefined,
    resolve() {},
    reject() {},
  };
}

describe('a call that did not run', () => {
  it('is sent again when the slot can be used', async () => {
    const { a, doubts, run } = setUp();
    const call = run('1');
    await a.reply(replyError('TRYAGAIN Multiple keys request during rehashing of slot'));
    while (a.sent.length === 0) await nextTurn();
    await a.reply('OK');
    expect(await call).toBe('OK');
    expect(doubts).toEqual([undefined]);
  });

  it('has the cluster doubted when that is down', async () => {
    const { a, doubts, run } = setUp();
    const call = run('1');
    await a.reply(replyError('CLUSTERDOWN The cluster is down'));
    expect(doubts).toEqual(['the cluster is down']);
    while (a.sent.length === 0) await nextTurn();
    await a.reply('OK');
    expect(await call).toBe('OK');
  });

  it('is given up after some attempts', async () => {
    const { a, run } = setUp();
    const call = failure(run('1'));
    for (let i = 0; i < 8; i++) await a.reply(replyError('NOSCRIPT No matching script.'));
    expect(await call).toBeInstanceOf(RedisUnavailableError);
    expect(a.sent).toEqual([]);
  });

  it('is not sent again when the configuration says so, except where that is how things work', async () => {
    const { a, b, run } = setUp({ retryCommands: false });
    const moved = run('1');
    await a.reply(replyError('MOVED 1 h:2'));
    await b.reply('OK');
    expect(await moved).toBe('OK');
    const refused = failure(run('2'));
    await b.reply(replyError('TRYAGAIN Multiple keys request during rehashing of slot'));
    expect(await refused).toMatchObject({
      name: 'RedisUnavailableError',
      message: 'Redis at redis://b refuses publish: TRYAGAIN Multiple keys request during rehashing of slot',
    });
  });
});

describe('a call that may have run', () => {
  const lost = new ConnectionLostError('gone');
  const halfRun =
    'ERR Script attempted to access a non local key in a cluster node script: 0123456789012345678901234567890123456789, on @user_script:1.';

  it('is sent again after a loss if that does no harm', async () => {
    const { a, dispatcher, run } = setUp();
    const harmless = run('1', true);
    const harmful = failure(run('2'));
    await a.reply(lost);
    await a.reply(lost);
    expect(await harmful).toMatchObject({
      name: 'RedisUnavailableError',
      message: 'publish was not answered by Redis at redis://a: gone',
    });
    expect(dispatcher.waiting).toBe(1);
    dispatcher.flush();
    await a.reply('OK');
    expect(await harmless).toBe('OK');
  });

  it('is sent again when it came upon a key that had left, if that does no harm', async () => {
    const { a, run } = setUp();
    const harmless = run('1', true);
    const harmful = failure(run('2'));
    await a.reply(replyError(halfRun));
    await a.reply(replyError(halfRun));
    expect(await harmful).toBeInstanceOf(RedisUnavailableError);
    while (a.sent.length === 0) await nextTurn();
    await a.reply('OK');
    expect(await harmless).toBe('OK');
  });
});

describe('a call that fails', () => {
  it('because of its script says where', async () => {
    const { a, run } = setUp();
    const call = failure(run('1'));
    await a.reply(replyError(`WRONGTYPE Operation script: ${script.sha1}, on @user_script:1.`));
    expect(await call).toBeInstanceOf(ScriptError);
  });

  it('because of the server says which', async () => {
    const { a, run } = setUp();
    const call = failure(run('1'));
    await a.reply(replyError("OOM command not allowed when used memory > 'maxmemory'."));
    expect(await call).toMatchObject({
      name: 'RedisUnavailableError',
      message: expect.stringMatching(/^Redis at redis:\/\/a refuses publish: OOM/),
    });
  });
});
