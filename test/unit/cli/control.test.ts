import { spawnSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type ControlHandlers, sendCommand, takeLock } from '../../../cli/control.ts';
import { atEnd } from '../../support/cleanup.ts';
import { tempDir } from '../../support/files.ts';
import { waitFor } from '../../support/wait.ts';

const HANDLERS: ControlHandlers = {
  status: () => Promise.reject(new Error('not asked in these tests')),
  reload: () => Promise.resolve({ ok: false, lines: ['one', 'two'] }),
};

async function lock(path: string): Promise<Server> {
  const server = await takeLock(path, HANDLERS);
  atEnd(() => {
    server.close();
  });
  return server;
}

/** A control socket as a killed process leaves it. */
function staleSocket(): string {
  const path = join(tempDir(), 'control.sock');
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
  expect(statSync(path).isSocket()).toBe(true);
  return path;
}

describe('the control socket', () => {
  it('is for its owner only', async () => {
    const path = join(tempDir(), 'control.sock');
    await lock(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('is had by one at a time', async () => {
    const path = join(tempDir(), 'control.sock');
    const server = await lock(path);
    await expect(takeLock(path, HANDLERS)).rejects.toMatchObject({ exit: 'alreadyRunning' });
    server.close();
    await lock(path);
  });

  it('is taken over from a killed process', async () => {
    const path = staleSocket();
    await expect(sendCommand(path, 'reload')).rejects.toMatchObject({ exit: 'notRunning' });
    await lock(path);
    expect(readdirSync(join(path, '..'))).toEqual(['control.sock']);
  });

  it('is taken over by one of several who find it left over', async () => {
    const path = staleSocket();
    const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => lock(path)));
    const refusals = attempts.filter(({ status }) => status === 'rejected');
    expect(refusals).toHaveLength(7);
    for (const refusal of refusals) expect(refusal).toMatchObject({ reason: { exit: 'alreadyRunning' } });
    expect((await sendCommand(path, 'reload')).lines).toEqual(['one', 'two']);
  });

  it('answers a command', async () => {
    const path = join(tempDir(), 'control.sock');
    await lock(path);
    expect(await sendCommand(path, 'reload')).toEqual({ ok: false, lines: ['one', 'two'] });
  });

  it.each(['nonsense\n', '{"command":"frob"}\n', '{"command":"toString"}\n', 'null\n', 'x'.repeat(5000)])(
    'hangs up on %j',
    async (request) => {
      const path = join(tempDir(), 'control.sock');
      await lock(path);
      const socket = connect(path);
      socket.on('error', () => {});
      let answered = false;
      socket.on('data', () => {
        answered = true;
      });
      socket.write(request);
      await waitFor('the end of the connection', () => socket.closed);
      expect(answered).toBe(false);
    },
  );
});
