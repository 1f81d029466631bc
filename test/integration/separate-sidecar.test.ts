/** nginx and the sidecar started apart, as in two containers that share a run directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { EXIT } from '../../cli/exit-codes.ts';
import { atEnd } from '../support/cleanup.ts';
import { openEventSource } from '../support/eventsource.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { type Njchan, nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';

const SERVER = `
location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; }
location ~ ^/sub/(\\w+)$ { nchan_subscriber longpoll eventsource; nchan_channel_id $1; }
`;

interface Sidecar {
  readonly child: ChildProcess;
  output(): string;
}

/** Starts the sidecar's program on a run directory, as docs/cli.md says. */
function startSidecar(runDir: string): Sidecar {
  const program = join(REPOSITORY, 'dist/sidecar/main.js');
  const args = [program, '--config', join(runDir, 'sidecar.json'), '--follow'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  atEnd(() => stop(child, 'SIGKILL'));
  return { child, output: () => output };
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  await waitFor('the sidecar to end', () => child.exitCode !== null || child.signalCode !== null);
}

function startGateway(runDir: string): Promise<Njchan> {
  return startNjchan({ config: SERVER, runDir, args: ['--without-sidecar'] });
}

/** What `njchan health` ends with and says. */
async function health(runDir: string, ...args: string[]): Promise<[status: number | null, said: string]> {
  const { code, stdout, stderr } = await runCli(['health', '--run-dir', runDir, ...args]);
  return [code, stdout + stderr];
}

const answers = async (njchan: Njchan) => (await njchan.status()).sidecar.answers;

describe('njchan up --without-sidecar', () => {
  const runDir = join(tempDir(), 'run');
  let sidecar: Sidecar;
  let njchan: Njchan;

  beforeAll(async () => {
    sidecar = startSidecar(runDir);
    await waitFor('the sidecar to wait', () => sidecar.output().includes('waiting for'));
    njchan = await startGateway(runDir);
    await waitFor('the sidecar to answer', () => answers(njchan));
  });

  it('serves through a sidecar that waited for its configuration', async () => {
    const subscriber = await openEventSource(`${njchan.url}/sub/foo`);
    expect((await request(njchan.port, 'POST', '/pub/foo', { body: 'hello' })).status).toBe(201);
    expect((await subscriber.event()).data).toBe('hello');
    subscriber.close();
  });

  it('starts no other', async () => {
    expect((await njchan.status()).sidecar).toEqual({ restarts: 0, elsewhere: true, answers: true });
    const { stdout } = await runCli(['status', '--run-dir', runDir]);
    expect(stdout).toMatch(/^sidecar +elsewhere, answers$/m);
  });

  it('has the sidecar keep its socket closed to others', () => {
    expect(statSync(join(runDir, 'sidecar.sock')).mode & 0o777).toBe(0o600);
  });

  it('makes the sidecar read its configuration again at a reload', async () => {
    const changed = nginxConf(njchan.port, `${SERVER}\nlocation /new { return 200 "new\\n"; }`);
    writeFileSync(njchan.configFile, changed);
    expect((await runCli(['reload', '--run-dir', runDir])).code).toBe(EXIT.ok.code);
    expect((await request(njchan.port, 'GET', '/new')).status).toBe(200);
    await waitFor('the sidecar to read it', () => sidecar.output().includes('configuration read again'));
  });

  it('leaves the sidecar and its messages alone when it stops', async () => {
    await request(njchan.port, 'POST', '/pub/kept', { body: 'kept' });
    await njchan.stop();
    expect(existsSync(join(runDir, 'nginx.conf'))).toBe(false);
    expect(await health(runDir, '--sidecar')).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
    njchan = await startGateway(runDir);
    expect(String((await request(njchan.port, 'GET', '/sub/kept')).body)).toBe('kept');
  });

  it('serves through the next sidecar as soon as there is one', async () => {
    await stop(sidecar.child, 'SIGTERM');
    expect(sidecar.child.exitCode).toBe(0);
    expect((await request(njchan.port, 'POST', '/pub/foo', { body: 'lost' })).status).toBe(502);
    sidecar = startSidecar(runDir);
    await waitFor('the sidecar to answer', () => answers(njchan));
    expect((await request(njchan.port, 'POST', '/pub/foo', { body: 'again' })).status).toBe(202);
  });

  it('leaves the configuration of the sidecar as it was when it is refused', async () => {
    const before = statSync(join(runDir, 'sidecar.json')).ino;
    const port = njchan.port;
    await njchan.stop();
    writeFileSync(njchan.configFile, nginxConf(port, 'no_such_directive;'));
    const args = ['up', '-c', njchan.configFile, '--run-dir', runDir, '--without-sidecar'];
    expect((await runCli(args)).code).toBe(EXIT.refused.code);
    expect(statSync(join(runDir, 'sidecar.json')).ino).toBe(before);
    expect(await health(runDir, '--sidecar')).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
  });
});

describe('a sidecar that follows its configuration', () => {
  it('ends at once when it is stopped while it waits', async () => {
    const { child, output } = startSidecar(join(tempDir(), 'run'));
    await waitFor('the sidecar to wait', () => output().includes('waiting for'));
    await stop(child, 'SIGTERM');
    expect(child.exitCode).toBe(0);
  });

  it('goes on with what it has when the new one is wrong', async () => {
    const runDir = tempDir();
    const config = join(runDir, 'sidecar.json');
    writeFileSync(config, JSON.stringify({ listen: { socket: join(runDir, 'sidecar.sock') } }));
    const { output } = startSidecar(runDir);
    await waitFor('the sidecar to answer', async () => (await health(runDir, '--sidecar'))[0] === 0);
    writeFileSync(config, '{"listen": {}}');
    await waitFor('the complaint', () => output().includes('configuration not read again'));
    expect((await health(runDir, '--sidecar'))[0]).toBe(EXIT.ok.code);
  });
});

describe('njchan health', () => {
  it('ends with status 0 when njchan up serves, and tells what is missing when not', async () => {
    const njchan = await startNjchan({ config: SERVER });
    expect(await health(njchan.runDir)).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
    expect(await health(njchan.runDir, '--sidecar')).toEqual([EXIT.ok.code, 'njchan: healthy\n']);
    await njchan.stop();
    expect((await health(njchan.runDir))[0]).toBe(EXIT.notRunning.code);
  });

  it('ends with status 1 when the sidecar is missing', async () => {
    const runDir = join(tempDir(), 'run');
    await startGateway(runDir);
    const [status, said] = await health(runDir);
    expect(status).toBe(EXIT.refused.code);
    expect(said).toBe(`njchan: the sidecar does not answer on ${join(runDir, 'sidecar.sock')}\n`);
    expect((await health(runDir, '--sidecar'))[0]).toBe(EXIT.refused.code);
  });

  it('ends with status 1 when the sidecar hangs', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const pid = await njchan.sidecarPid();
    process.kill(pid, 'SIGSTOP');
    try {
      expect((await health(njchan.runDir))[0]).toBe(EXIT.refused.code);
      expect((await health(njchan.runDir, '--sidecar'))[0]).toBe(EXIT.refused.code);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });
});
