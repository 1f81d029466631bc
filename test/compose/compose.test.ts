/** `docker compose up` on a real engine: the commands of docs/docker.md and the README, and restarts. */
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { atEnd } from '../support/cleanup.ts';
import { Console } from '../support/console.ts';
import { commandsOf } from '../support/console-blocks.ts';
import { buildArguments, progress, run } from '../support/containers/commands.ts';
import { containers } from '../support/containers/injected.ts';
import { openEventSource } from '../support/eventsource.ts';
import { REPOSITORY } from '../support/files.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { ALL, makeToken, newKey } from '../support/tokens.ts';
import { waitFor } from '../support/wait.ts';

/** With the packages to be fetched, on a slow machine. */
const SETUP_DEADLINE_MS = 900_000;
const COMMAND_DEADLINE_MS = 120_000;
const START_DEADLINE_MS = 60_000;
const SERVICES = ['gateway', 'sidecar', 'redis'] as const;

const commandsIn = (file: string) => commandsOf(readFileSync(join(REPOSITORY, file), 'utf8'));
const manual = commandsIn('docs/docker.md');
/** The README's session: what is done with a server that runs. */
const session = commandsIn('README.md').filter(({ line }) => /^(curl|node) /.test(line));
const named = (commands: typeof manual) => commands.map((one) => [one.line, one] as const);

const engine = containers();
/** In which docker and compose reach the engine. */
let env: NodeJS.ProcessEnv = { ...process.env, ...engine.env };
let port: number;
/** The directory that is mounted with the nginx.conf. */
let conf: string;
let shell: Console;

/** What compose reads beside docker-compose.yml: this machine's way to packages, and no time to lose. */
async function overrides(): Promise<string> {
  const registry = await run(['npm', 'config', 'get', 'registry']);
  const args = {
    BASE: engine.base,
    npm_config_registry: registry,
    COREPACK_NPM_REGISTRY: registry.replace(/\/$/, ''),
    ...buildArguments(),
  };
  // Our own engine gives containers no way to the outside.
  const build = { args, ...(engine.own ? { network: 'host' } : {}) };
  const service = { build, healthcheck: { interval: '1s' } };
  return JSON.stringify({ services: Object.fromEntries(SERVICES.map((name) => [name, service])) });
}

const compose = (...args: string[]) => run(['docker', 'compose', ...args], { env, cwd: REPOSITORY });

beforeAll(async () => {
  port = await freePort();
  conf = join(engine.dir, 'conf');
  mkdirSync(conf);
  cpSync(join(REPOSITORY, 'nginx/nginx.conf'), join(conf, 'nginx.conf'));
  // Its reader is another user, whatever this one's umask is.
  for (const path of [engine.dir, conf, join(conf, 'nginx.conf')]) chmodSync(path, 0o755);
  const override = join(engine.dir, 'override.json');
  writeFileSync(override, await overrides());
  env = {
    ...env,
    COMPOSE_FILE: `docker-compose.yml:${override}`,
    COMPOSE_PROJECT_NAME: `njchan-test-${process.pid}`,
    NJCHAN_LISTEN: `127.0.0.1:${port}`,
    NJCHAN_CONF: conf,
  };
  atEnd(async () => {
    progress('removing containers, networks, volumes and images …');
    await compose('down', '--volumes', '--rmi', 'local', '--timeout', '5');
  });
  progress('building the images …');
  await compose('build');
  const here = (line: string) => line.replaceAll('localhost:8080', `127.0.0.1:${port}`);
  const endless = /^(curl -N|node --input-type)/;
  shell = new Console({ env, here, endless, deadlineMs: COMMAND_DEADLINE_MS });
  progress('running the commands …');
}, SETUP_DEADLINE_MS);

/** Publishes on a channel and gets it back. */
async function serves(channel: string): Promise<void> {
  const published = async () =>
    (await request(port, 'POST', `/pub/${channel}`, { body: 'served' })).status === 202;
  await waitFor('a publisher to be served', published, START_DEADLINE_MS);
  const { status, body } = await request(port, 'GET', `/sub/${channel}`);
  expect([status, String(body)]).toEqual([200, 'served']);
}

async function healthy(service: string): Promise<void> {
  const id = await compose('ps', '--quiet', service);
  const health = ['docker', 'inspect', '--format', '{{.State.Health.Status}}', id];
  await waitFor(
    `${service} to be healthy`,
    async () => (await run(health, { env })) === 'healthy',
    START_DEADLINE_MS,
  );
}

/** Runs a program in a container. */
const inside = (service: string, ...command: string[]) => compose('exec', '-T', service, ...command);

/** A command that connects and prints `open`, or the code of the error. @param to - arguments of net.connect */
function connecting(to: string): string[] {
  const program = `require('net').connect(${to})
    .on('error', (error) => console.log(error.code))
    .on('connect', function () { console.log('open'); this.destroy(); });`;
  return ['node', '-e', program];
}

describe('docker compose up', () => {
  const stays = manual.filter(({ line }) => !line.startsWith('docker compose down'));
  const down = manual.filter(({ line }) => line.startsWith('docker compose down'));

  it.each(named(stays))('$ %s', (_line, command) => shell.run(command), COMMAND_DEADLINE_MS);

  it('works again after that restart', () => serves('again'));

  it.each(named(session))('serves the README: $ %s', async (_line, command) => {
    await shell.run(command);
  });

  it.each(SERVICES)('runs %s as a user without rights', async (service) => {
    expect(Number(await inside(service, 'id', '-u'))).toBeGreaterThan(0);
    const capabilities = await inside(service, 'grep', '^Cap', '/proc/1/status');
    expect(capabilities.split('\n').map((line) => line.split('\t')[1])).toEqual(
      Array.from({ length: 5 }, () => '0'.repeat(16)),
    );
  });

  it('opens the socket of the sidecar to njchan alone', async () => {
    const socket = '/run/njchan/sidecar.sock';
    expect(await inside('gateway', 'stat', '--format', '%a %U', socket)).toBe('600 njchan');
    const other = ['exec', '-T', '--user', '65534', 'gateway', ...connecting(`'${socket}'`)];
    expect(await compose(...other)).toBe('EACCES');
    expect(await inside('gateway', ...connecting(`'${socket}'`))).toBe('open');
  });

  it('lets the sidecar alone reach redis', async () => {
    expect(await inside('sidecar', ...connecting("6379, 'redis'"))).toBe('open');
    // No longer than it takes: our own engine cannot ask the name servers outside.
    const resolve = `new (require('dns').promises.Resolver)({ timeout: 1000, tries: 1 }).resolve4('redis')
      .then(() => console.log('known'), () => console.log('unknown'))`;
    expect(await inside('sidecar', 'node', '-e', resolve)).toBe('known');
    expect(await inside('gateway', 'node', '-e', resolve)).toBe('unknown');
  });

  it('publishes on the loopback interface alone, and nothing but the gateway', async () => {
    const published = await compose(
      'ps',
      '--format',
      '{{range .Publishers}}{{.URL}} {{.PublishedPort}}\n{{end}}',
    );
    const open = published.split('\n').filter((line) => line.trim() !== '' && !line.endsWith(' 0'));
    expect(open).toEqual([`127.0.0.1 ${port}`]);
  });

  it.each(SERVICES)(
    'works again after a restart of %s',
    async (service) => {
      progress(`restarting ${service} …`);
      await compose('restart', service);
      await serves(`after-${service}`);
      await healthy(service);
    },
    COMMAND_DEADLINE_MS,
  );

  it.for(SERVICES)(
    'works again by itself after the program of %s was killed',
    { timeout: COMMAND_DEADLINE_MS },
    async (service, { skip }) => {
      skip(!engine.own, 'the engine need not be on this machine');
      progress(`killing ${service} …`);
      const id = await compose('ps', '--quiet', service);
      const ask = (field: string) => run(['docker', 'inspect', '--format', `{{${field}}}`, id], { env });
      process.kill(Number(await ask('.State.Pid')), 'SIGKILL');
      await waitFor(`${service} to be started again`, async () => Number(await ask('.RestartCount')) > 0);
      await serves(`killed-${service}`);
      await healthy(service);
    },
  );

  it(
    'lets subscribers resume what they missed while the gateway restarted',
    async () => {
      const before = await openEventSource(`http://127.0.0.1:${port}/sub/resumed`);
      await request(port, 'POST', '/pub/resumed', { body: 'one' });
      const { id } = await before.event();
      await request(port, 'POST', '/pub/resumed', { body: 'two' });
      before.close();
      await compose('restart', 'gateway');
      await waitFor('the gateway', async () => (await request(port, 'GET', '/pub/resumed')).status === 200);
      const after = await openEventSource(`http://127.0.0.1:${port}/sub/resumed`, {
        'Last-Event-ID': id as string,
      });
      expect((await after.event()).data).toBe('two');
      after.close();
    },
    COMMAND_DEADLINE_MS,
  );

  it(
    'compiles a changed nginx.conf at the next start, and says what is wrong with it',
    async () => {
      const file = join(conf, 'nginx.conf');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('nchan_publisher;', 'nchan_publisher; nchan_frobnicate on;'));
      await compose('restart', 'gateway');
      const refusal = /nginx\.conf:\d+: .*nchan_frobnicate/;
      await waitFor('the refusal', async () => refusal.test(await compose('logs', 'gateway')));
      // The default of access_log is a file, which the image makes the container's log.
      writeFileSync(file, text.replace('access_log off;', ''));
      await serves('changed');
      expect(await compose('logs', 'gateway')).toContain('"POST /pub/changed HTTP/1.1" 202');
    },
    COMMAND_DEADLINE_MS,
  );

  it(
    'verifies tokens, asks applications and has messages checked, with the njs of Debian 13',
    async () => {
      const keys = (['HS256', 'HS512', 'RS256', 'ES256'] as const).map((algorithm) => newKey(algorithm));
      for (const { algorithm, file } of keys) {
        cpSync(file, join(conf, algorithm));
        chmodSync(join(conf, algorithm), 0o644);
      }
      const file = join(conf, 'nginx.conf');
      const locations = `
        location ~ ^/tokens/(\\w+)$ {
            nchan_pubsub; nchan_channel_id $1;
            njchan_token_key HS256 alg=HS256 base64; njchan_token_key HS512 alg=HS512 base64;
            njchan_token_key RS256; njchan_token_key ES256;
        }
        location ~ ^/asked/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_authorize_request /no; }
        location ~ ^/checked/(\\w+)$ { nchan_pubsub; nchan_channel_id $1; nchan_publisher_upstream_request /changed; }
        location = /no { internal; return 403; }
        location = /changed { internal; default_type text/plain; return 200 changed; }
        location ~ /sub`;
      writeFileSync(file, readFileSync(file, 'utf8').replace('location ~ /sub', locations));
      expect(await inside('gateway', 'njchan', 'reload')).toBe('njchan: reloaded');

      for (const key of keys) {
        const channel = `/tokens/${key.algorithm}`;
        const authorized = { headers: { Authorization: `Bearer ${makeToken(key, ALL)}` } };
        expect((await request(port, 'POST', channel, { ...authorized, body: 'm' })).status).toBe(202);
        expect((await request(port, 'GET', channel, authorized)).body.toString()).toBe('m');
        const other = makeToken({ ...key, signWith: newKey(key.algorithm).signWith }, ALL);
        const forged = { headers: { Authorization: `Bearer ${other}` } };
        expect((await request(port, 'POST', channel, { ...forged, body: 'm' })).status).toBe(401);
      }
      expect((await request(port, 'POST', '/asked/a', { body: 'm' })).status).toBe(403);
      expect((await request(port, 'GET', '/asked/a')).status).toBe(403);
      expect((await request(port, 'POST', '/checked/a', { body: 'm' })).status).toBe(202);
      expect((await request(port, 'GET', '/checked/a')).body.toString()).toBe('changed');
    },
    COMMAND_DEADLINE_MS,
  );

  it.each(named(down))('$ %s', (_line, command) => shell.run(command), COMMAND_DEADLINE_MS);

  it('leaves no container and no network when it is taken down', async () => {
    const label = `label=com.docker.compose.project=${env.COMPOSE_PROJECT_NAME}`;
    const left = await Promise.all(
      [
        ['ps', '--all'],
        ['network', 'ls'],
      ].map((list) => run(['docker', ...list, '--quiet', '--filter', label], { env })),
    );
    expect(left).toEqual(['', '']);
  });
});
