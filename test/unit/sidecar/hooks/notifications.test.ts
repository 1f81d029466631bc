/** Notifications and questions, with a stand-in for nginx that says what the real one rarely does. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { ANSWER_STATUS_HEADER, addField } from '../../../../handoff/hooks.ts';
import { DEFAULT_SETTINGS } from '../../../../handoff/settings.ts';
import { HookClient, HookError } from '../../../../sidecar/hooks/client.ts';
import { type HookContext, readHookContext } from '../../../../sidecar/hooks/context.ts';
import { Notifications } from '../../../../sidecar/hooks/notifications.ts';
import type { HookRequest } from '../../../../sidecar/hooks/request.ts';
import { atEnd } from '../../../support/cleanup.ts';
import { tempDir } from '../../../support/files.ts';
import { waitFor } from '../../../support/wait.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Answers each request by the next of `answers`, the last of them for ever. */
async function nginxThat(...answers: readonly Answer[]): Promise<{ hook: HookRequest; targets: string[] }> {
  const targets: string[] = [];
  const server = createServer((request, response) => {
    const answer = answers[Math.min(targets.length, answers.length - 1)] as Answer;
    targets.push(request.url as string);
    request.resume().on('end', () => answer(request, response));
  });
  const socket = join(tempDir(), 'nginx.sock');
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    hook: { context: contextAt(socket), kind: 'subscribe_request', variables: {}, method: 'GET' },
    targets,
  };
}

function contextAt(socket: string): HookContext {
  const fields = addField(addField('', 'subscribe_request', Buffer.from('/in')), 'target', Buffer.from('/t'));
  return readHookContext(fields, { ...DEFAULT_SETTINGS, hookSocket: socket }, []) as HookContext;
}

const status =
  (code: number): Answer =>
  (_, response) =>
    void response.writeHead(202, { [ANSWER_STATUS_HEADER]: String(code) }).end();
const reset: Answer = (request) => void request.socket.destroy();

function logged(): { log: pino.Logger; lines: string[] } {
  const lines: string[] = [];
  return { log: pino({}, { write: (line: string) => void lines.push(line) }), lines };
}

describe('a notification', () => {
  it.each([200, 204, 302, 403, 404, 500])('that is answered %i is not repeated', async (code) => {
    const { hook, targets } = await nginxThat(status(code));
    await new Notifications(logged().log).notify(hook);
    expect(targets).toEqual(['/t']);
  });

  it.each([
    ['503', status(503)],
    ['504', status(504)],
    ['a reset', reset],
  ])('that meets %s is repeated', async (_, answer) => {
    const { hook, targets } = await nginxThat(answer, answer, status(200));
    const { log, lines } = logged();
    const notifications = new Notifications(log);
    const told = notifications.notify(hook);
    await waitFor('the first attempt', () => lines.length > 0);
    await notifications.drain(10_000);
    await told;
    expect(targets).toHaveLength(3);
    expect(lines.map((line) => JSON.parse(line).code)).toEqual(['NJ-HOOK-RETRIED']);
  });

  it('that nginx refuses is given up, and the log says so', async () => {
    const { hook, targets } = await nginxThat((_, response) => void response.writeHead(400).end());
    const { log, lines } = logged();
    await new Notifications(log).notify(hook);
    expect(targets).toHaveLength(1);
    expect(lines.join()).toContain(
      'a nchan_subscribe_request was given up: nginx refused the repeated request: 400',
    );
  });

  it('that waits for its next attempt is made at once when the process goes down', async () => {
    const { hook, targets } = await nginxThat(status(503), status(503), status(503), status(200));
    const notifications = new Notifications(logged().log);
    const told = notifications.notify(hook);
    await waitFor('the first attempt', () => targets.length === 1);
    await notifications.drain(10_000);
    await told;
    expect(targets).toHaveLength(4);
  });

  it('that is never answered does not keep the process', async () => {
    const { hook, targets } = await nginxThat(() => {});
    const { log, lines } = logged();
    const notifications = new Notifications(log);
    void notifications.notify(hook);
    await waitFor('it', () => targets.length === 1);
    await notifications.drain(50);
    expect(lines.join()).toContain('1 subscribe and unsubscribe requests were not answered');
  });
});

describe('the client', () => {
  it('sends again what a kept connection lost', async () => {
    const { hook, targets } = await nginxThat(status(200), reset, status(200));
    const client = new HookClient({ guaranteed: 1, perTarget: 1, shared: 0 });
    await client.send(hook, 1);
    expect((await client.send(hook, 1)).status).toBe(200);
    expect(targets).toHaveLength(3);
    client.close();
  });

  it('does not send again over another kept connection, which is lost as well', async () => {
    const held: ServerResponse[] = [];
    const known = new Set<unknown>();
    const hold: Answer = (request, response) => {
      known.add(request.socket);
      if (held.push(response) === 2) for (const one of held) status(200)(request, one);
    };
    const lost: Answer = (request, response) => {
      if (known.has(request.socket)) request.socket.destroy();
      else status(200)(request, response);
    };
    const { hook } = await nginxThat(hold, hold, lost);
    const client = new HookClient({ guaranteed: 2, perTarget: 2, shared: 0 });
    await Promise.all([client.send(hook, 1), client.send(hook, 1)]);
    expect((await client.send(hook, 1)).status).toBe(200);
    client.close();
  });

  it('no longer sends what was cancelled while it waited, and keeps the place of what is under way', async () => {
    const held: ServerResponse[] = [];
    const { hook, targets } = await nginxThat((_, response) => void held.push(response), status(200));
    const client = new HookClient({ guaranteed: 1, perTarget: 1, shared: 0 });
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = client.send(hook, 1, running.signal);
    const second = client.send(hook, 1, waiting.signal).catch((error: Error) => error);
    const third = client.send(hook, 1);
    await waitFor('the first', () => held.length === 1);
    waiting.abort();
    running.abort();
    expect(await second).toBeInstanceOf(HookError);
    expect(targets).toHaveLength(1);
    status(204)(undefined as never, held[0] as ServerResponse);
    expect([(await first).status, (await third).status]).toEqual([204, 200]);
    expect(targets).toHaveLength(2);
    client.close();
  });

  it('says what is wrong with a new one', async () => {
    const { hook } = await nginxThat(reset);
    const client = new HookClient({ guaranteed: 1, perTarget: 1, shared: 0 });
    await expect(client.send(hook, 1)).rejects.toThrow('socket hang up');
    client.close();
  });

  it('does not take more of an answer than it may', async () => {
    const { hook } = await nginxThat(
      (_, response) => void response.writeHead(202, { [ANSWER_STATUS_HEADER]: '200' }).end('12345'),
    );
    const client = new HookClient({ guaranteed: 1, perTarget: 1, shared: 0 });
    await expect(client.send(hook, 4)).rejects.toThrow('more than 4 bytes');
    expect((await client.send(hook, 5)).body.toString()).toBe('12345');
    client.close();
  });

  it('has no more under way than it may, and goes on after a failure', async () => {
    const waiting: ServerResponse[] = [];
    const { hook, targets } = await nginxThat(reset, (_, response) => void waiting.push(response));
    const client = new HookClient({ guaranteed: 1, perTarget: 2, shared: 8 });
    const sent = [1, 2, 3, 4].map(() => client.send(hook, 1).catch((error: Error) => error));
    await waitFor('two', () => waiting.length === 2);
    expect(targets).toHaveLength(3);
    for (let done = 0; done < 3; done++) {
      await waitFor('the next', () => waiting.length > done);
      (waiting[done] as ServerResponse).writeHead(202, { [ANSWER_STATUS_HEADER]: '200' }).end();
    }
    const results = await Promise.all(sent);
    expect(results.filter((result) => result instanceof Error)).toHaveLength(1);
    client.close();
  });
});
