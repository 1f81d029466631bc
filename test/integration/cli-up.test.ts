/** `njchan up` and what talks to it, on a real nginx. */
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sendCommand } from '../../cli/control.ts';
import { EXIT } from '../../cli/exit-codes.ts';
import { findOnPath } from '../../cli/nginx-binary.ts';
import { commandLine, processGroup } from '../../cli/proc.ts';
import { controlSocketPath } from '../../cli/run-dir.ts';
import { firstClosedDirectory } from '../../cli/users.ts';
import { atEnd } from '../support/cleanup.ts';
import { openEventSource } from '../support/eventsource.ts';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { type Njchan, nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { freePort } from '../support/ports.ts';
import { formatRequest, RawConnection, request } from '../support/raw-http.ts';
import { waitFor, within } from '../support/wait.ts';

const SERVER = `
location ~ ^/pub/(\\w+)$ { nchan_publisher; nchan_channel_id $1; }
location ~ ^/sub/(\\w+)$ { nchan_subscriber; nchan_channel_id $1; }
`;
const isRoot = process.getuid?.() === 0;
const NOBODY = { name: 'nobody', uid: 65_534, gid: 65_534 };

/** Publishes and expects that it worked. */
async function publish(njchan: Njchan, text: string): Promise<void> {
  const { status } = await request(njchan.port, 'POST', '/pub/foo', { body: text });
  expect([201, 202]).toContain(status);
}

/** Resolves when the process is gone. A zombie is gone: its parent is somebody else's affair. */
async function gone(pid: number): Promise<void> {
  await waitFor(`process ${pid} to end`, () => commandLine(pid) === '');
}

describe('a running njchan', () => {
  it('serves publishers and subscribers', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const subscriber = await openEventSource(`${njchan.url}/sub/foo`);
    await publish(njchan, 'hello');
    expect((await subscriber.event()).data).toBe('hello');
  });

  it('says what it serves where', async () => {
    const njchan = await startNjchan({ config: SERVER });
    await waitFor('the greeting', () => njchan.output().includes(`  http://localhost:${njchan.port}\n`));
    expect(njchan.output()).toContain(`serves ${njchan.configFile}, 2 locations with Nchan's directives, on`);
  });

  it('logs JSON with --log-format json', async () => {
    const njchan = await startNjchan({ config: SERVER, args: ['--log-format', 'json'] });
    const entry = await waitFor('the entry "serving"', () =>
      njchan
        .output()
        .split('\n')
        .find((line) => line.includes('"serving"')),
    );
    const urls = [`http://localhost:${njchan.port}`];
    expect(JSON.parse(entry)).toMatchObject({ name: 'njchan', msg: 'serving', urls });
  });

  it('keeps a second one off its run directory', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const { code, stderr } = await runCli(['up', '-c', njchan.configFile, '--run-dir', njchan.runDir]);
    expect(code).toBe(EXIT.alreadyRunning.code);
    expect(stderr).toContain(`(pid ${njchan.pid})`);
    await publish(njchan, 'still here');
  });

  it('shares a machine with one on another run directory', async () => {
    const [one, two] = await Promise.all([startNjchan({ config: SERVER }), startNjchan({ config: SERVER })]);
    await publish(one, 'to one');
    const { status } = await request(two.port, 'GET', '/pub/foo');
    expect(status).toBe(404);
  });

  it('tells njchan status about itself', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const subscriber = await openEventSource(`${njchan.url}/sub/foo`);
    await publish(njchan, 'hello');
    await subscriber.event();
    const { code, stdout } = await runCli(['status', '--json', '--run-dir', njchan.runDir]);
    expect(code).toBe(EXIT.ok.code);
    expect(JSON.parse(stdout)).toMatchObject({
      pid: njchan.pid,
      serving: true,
      config: njchan.configFile,
      runDir: njchan.runDir,
      listens: [`127.0.0.1:${njchan.port}`],
      locations: 2,
      reloads: 0,
      nginx: { pid: await njchan.nginxPid(), version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
      sidecar: { pid: await njchan.sidecarPid(), restarts: 0 },
      counts: { channels: 1, subscribers: 1, messages: 1 },
    });
  });

  it('is shown by njchan status as a table', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const { stdout } = await runCli(['status', '--run-dir', njchan.runDir]);
    expect(stdout).toMatch(new RegExp(`^njchan +\\d.*, pid ${njchan.pid}, up `));
    expect(stdout).toMatch(new RegExp(`^sidecar +pid ${await njchan.sidecarPid()}, up .*, restarts 0$`, 'm'));
    expect(stdout).toMatch(/^subscribers +0$/m);
  });

  it('is left alone by njchan check', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const { code } = await runCli(['check', njchan.configFile]);
    expect(code).toBe(EXIT.ok.code);
    await publish(njchan, 'still here');
    expect((await njchan.status()).sidecar.restarts).toBe(0);
  });

  it('keeps files with secrets, and its sockets, to itself', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const modes = ['nginx.conf', 'control.sock', 'sidecar.sock'].map(
      (name) => statSync(join(njchan.runDir, name)).mode & 0o777,
    );
    expect(modes).toEqual([0o600, 0o600, 0o600]);
  });
});

describe('njchan reload', () => {
  it('brings new configuration into force and keeps subscribers connected', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const subscriber = await openEventSource(`${njchan.url}/sub/foo`);
    const changed = nginxConf(njchan.port, `${SERVER}\nlocation /new { return 200 "new\\n"; }`);
    writeFileSync(njchan.configFile, changed);

    const { code, stdout } = await runCli(['reload', '--run-dir', njchan.runDir]);
    expect({ code, stdout }).toEqual({ code: EXIT.ok.code, stdout: 'njchan: reloaded\n' });
    expect((await request(njchan.port, 'GET', '/new')).body.toString()).toBe('new\n');
    await publish(njchan, 'after the reload');
    expect((await subscriber.event()).data).toBe('after the reload');
    expect((await njchan.status()).reloads).toBe(1);
  });

  it.each([
    [
      'a wrong directive of Nchan',
      'location /bad { nchan_frobnicate on; }',
      /nginx\.conf:\d+: .*nchan_frobnicate/,
    ],
    ['what nginx refuses', 'location /bad { no_such_directive 1; }', /unknown directive "no_such_directive"/],
  ])('refuses %s and keeps serving', async (_, addition, message) => {
    const njchan = await startNjchan({ config: SERVER });
    const before = readFileSync(join(njchan.runDir, 'nginx.conf'), 'utf8');
    writeFileSync(njchan.configFile, nginxConf(njchan.port, `${SERVER}\n${addition}`));
    const { code, stderr } = await runCli(['reload', '--run-dir', njchan.runDir]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toMatch(message);
    expect(stderr).toContain('the old configuration stays in force');
    expect(readFileSync(join(njchan.runDir, 'nginx.conf'), 'utf8')).toBe(before);
    await publish(njchan, 'still here');
  });

  it('refuses a new address that is in use', async () => {
    const other = await startNjchan({ config: SERVER });
    const njchan = await startNjchan({ config: SERVER });
    const listen = `listen 127.0.0.1:${other.port};`;
    writeFileSync(njchan.configFile, nginxConf(njchan.port, `${listen}\n${SERVER}`));
    const { code, stderr } = await runCli(['reload', '--run-dir', njchan.runDir]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toContain(`port ${other.port} is already in use`);
    await publish(njchan, 'still here');
  });

  it('happens on SIGHUP too', async () => {
    const njchan = await startNjchan({ config: SERVER });
    writeFileSync(njchan.configFile, nginxConf(njchan.port, `${SERVER}\nlocation /new { return 204; }`));
    njchan.kill('SIGHUP');
    await waitFor('the reload', async () => (await njchan.status()).reloads === 1);
    expect((await request(njchan.port, 'GET', '/new')).status).toBe(204);
  });
});

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'with %s ends subscribers and clears the run directory',
    async (signal) => {
      const njchan = await startNjchan({ config: SERVER });
      const [nginx, sidecar] = [await njchan.nginxPid(), await njchan.sidecarPid()];
      const subscriber = await openEventSource(`${njchan.url}/sub/foo`);
      njchan.kill(signal);
      expect(await within('the end', njchan.exited)).toEqual({ code: EXIT.ok.code, signal: null });
      await within('the end of the stream', subscriber.ended);
      expect(existsSync(njchan.runDir)).toBe(false);
      await gone(nginx);
      await gone(sidecar);
    },
  );

  it('waits for a request that is under way, and ends it when asked again', async () => {
    const silent = createServer();
    const silentPort = await freePort();
    await new Promise<void>((resolve) => silent.listen(silentPort, '127.0.0.1', resolve));
    atEnd(() => {
      silent.close();
    });
    const njchan = await startNjchan({
      config: `${SERVER}\nlocation /slow { proxy_pass http://127.0.0.1:${silentPort}; }`,
    });
    const arrived = once(silent, 'connection');
    const connection = await RawConnection.open(njchan.port);
    connection.send(formatRequest('GET', '/slow'));
    await within('the request to arrive', arrived);

    njchan.kill('SIGTERM');
    await waitFor('the first step', () => njchan.output().includes('requests finish; once more to hurry'));
    njchan.kill('SIGINT');
    await waitFor('the second step', () => njchan.output().includes('info njchan: hurrying'));
    expect(await within('the end', njchan.exited)).toEqual({ code: EXIT.ok.code, signal: null });
    await connection.readToEnd();
  });

  it('is possible before it serves', async () => {
    const dir = tempDir();
    const runDir = join(dir, 'run');
    const started = startNjchan({ config: SERVER, runDir });
    const pid = await waitFor(
      'the lock',
      async () => (await sendCommand(controlSocketPath(runDir), 'status')).pid,
    );
    process.kill(pid, 'SIGTERM');
    // Either it was still starting, and the harness says that it ended, or it served already.
    const njchan = await started.catch((error: Error) => error);
    if (njchan instanceof Error) expect(njchan.message).toContain('ended instead of serving');
    await waitFor('the end', () => !existsSync(runDir));
    await gone(pid);
  });

  it('leaves a run directory that was there before, and what others keep in it', async () => {
    const runDir = tempDir();
    writeFileSync(join(runDir, 'notes.txt'), 'mine');
    const njchan = await startNjchan({ config: SERVER, runDir });
    await njchan.stop();
    expect(readFileSync(join(runDir, 'notes.txt'), 'utf8')).toBe('mine');
    expect(existsSync(join(runDir, 'control.sock'))).toBe(false);
  });

  it('is not for the terminal to do behind its back: Ctrl-C reaches neither nginx nor the sidecar', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const [nginx, sidecar] = [await njchan.nginxPid(), await njchan.sidecarPid()];
    // Ctrl-C signals the group of the foreground process; each of the two leads a group of its own.
    expect(processGroup(nginx)).toContain(nginx);
    expect(processGroup(sidecar)).toEqual([sidecar]);
  });
});

describe('when a process dies', () => {
  it('a killed sidecar is replaced', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const killed = await njchan.sidecarPid();
    process.kill(killed, 'SIGKILL');
    await waitFor('another sidecar', async () => {
      const { sidecar, counts } = await njchan.status();
      return sidecar.restarts === 1 && counts !== undefined;
    });
    expect(await njchan.sidecarPid()).not.toBe(killed);
    expect(njchan.output()).toContain('the sidecar ended with signal SIGKILL; starting another in 100 ms');
    await publish(njchan, 'hello again');
  });

  it('a killed nginx ends njchan with its signal, and takes its workers along', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const nginx = await njchan.nginxPid();
    process.kill(nginx, 'SIGKILL');
    expect(await within('the end', njchan.exited)).toEqual({ code: 128 + 9, signal: null });
    await waitFor('the workers to end', () => processGroup(nginx).length === 0);
    expect(existsSync(njchan.runDir)).toBe(false);
  });

  it('an nginx that was told to quit ends njchan with its status', async () => {
    const njchan = await startNjchan({ config: SERVER });
    process.kill(await njchan.nginxPid(), 'SIGTERM');
    expect(await within('the end', njchan.exited)).toEqual({ code: 0, signal: null });
  });

  it.runIf(findOnPath('setpriv', process.env))(
    'a killed njchan takes nginx and the sidecar along',
    async () => {
      const njchan = await startNjchan({ config: SERVER });
      const [nginx, sidecar] = [await njchan.nginxPid(), await njchan.sidecarPid()];
      njchan.kill('SIGKILL');
      await njchan.exited;
      await gone(nginx);
      await gone(sidecar);
    },
  );

  it('the next njchan starts on the run directory that a killed one left', async () => {
    const killed = await startNjchan({ config: SERVER });
    const { runDir, port } = killed;
    const nginx = await killed.nginxPid();
    killed.kill('SIGKILL');
    await killed.exited;
    if (findOnPath('setpriv', process.env)) await gone(nginx);
    const next = await startNjchan({ config: SERVER, runDir, port });
    await publish(next, 'hello');
  });

  /** A PATH on which everything is but setpriv: nothing tells nginx then that njchan was killed. */
  function pathWithoutSetpriv(): string {
    const dir = tempDir();
    for (const program of ['nginx', 'id', 'getent']) {
      const path = findOnPath(program, { PATH: `${process.env.PATH}:/usr/sbin` });
      if (path) symlinkSync(path, join(dir, program));
    }
    return dir;
  }

  it.each(['njchan alone', 'njchan and the master of nginx'])(
    'the next njchan stops what is left of nginx after %s were killed',
    async (what) => {
      const killed = await startNjchan({ config: SERVER, env: { PATH: pathWithoutSetpriv() } });
      const { runDir, port } = killed;
      const nginx = await killed.nginxPid();
      killed.kill('SIGKILL');
      if (what !== 'njchan alone') process.kill(nginx, 'SIGKILL');
      await killed.exited;
      const next = await startNjchan({ config: SERVER, runDir, port });
      expect(next.output()).toContain('stopping the nginx that an earlier njchan left running here (pid ');
      expect(await next.nginxPid()).not.toBe(nginx);
      expect(processGroup(nginx)).toEqual([]);
      await publish(next, 'hello');
    },
  );
});

describe('users', () => {
  const nobodyMayReadUs = isRoot && firstClosedDirectory(join(REPOSITORY, 'dist/cli'), NOBODY) === undefined;

  it.runIf(nobodyMayReadUs)('need not be root', async () => {
    const njchan = await startNjchan({ config: SERVER, uid: NOBODY.uid });
    await publish(njchan, 'hello');
    expect(await njchan.stop()).toEqual({ code: EXIT.ok.code, signal: null });
  });

  it.runIf(isRoot)('who run as root get a sidecar that does not', async () => {
    const njchan = await startNjchan({ config: SERVER });
    const status = readFileSync(`/proc/${await njchan.sidecarPid()}/status`, 'utf8');
    const uids = /^Uid:\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1).map(Number);
    expect(uids).not.toContain(0);
  });

  it.runIf(isRoot)('are told which directory keeps the workers from the sidecar', async () => {
    const closed = join(tempDir(), 'closed');
    mkdirSync(closed);
    chmodSync(closed, 0o700);
    const njchan = await startNjchan({ config: SERVER, runDir: join(closed, 'run') });
    expect(njchan.output()).toMatch(new RegExp(`who may not enter ${closed}: .*"chmod o\\+x ${closed}"`));
  });

  it.runIf(isRoot)('are told when the user of the configuration does not exist', async () => {
    const file = join(tempDir(), 'nginx.conf');
    writeFileSync(file, `user no-such-user;\n${nginxConf(await freePort(), SERVER)}`);
    const { code, stderr } = await runCli(['up', '-c', file, '--run-dir', join(tempDir(), 'run')]);
    expect(code).toBe(EXIT.refused.code);
    expect(stderr).toContain('there is no user "no-such-user"');
  });
});
