import { readdirSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { subscribersOf, untilSubscribers } from '../support/channel-figures.ts';
import { openEventSource } from '../support/eventsource.ts';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { HANDSHAKE_LINES } from '../support/raw-websocket.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

const SERVER = `
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
`;

const config = (port: number): string =>
  nginxConf(port, SERVER, '', 12_000).replace('events {', 'worker_rlimit_nofile 24000;\nevents {');

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

const descriptors = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

describe('a sidecar that is killed', () => {
  it('under 200 WebSockets is brought back and serves new subscribers', async () => {
    const njchan = await startNjchan({ config });
    const before = await njchan.sidecarPid();
    const clients = await Promise.all(
      Array.from({ length: 200 }, () => openWebSocket(`${njchan.url}/sub/c`)),
    );
    await untilSubscribers(njchan.port, '/pub/c', 200);
    process.kill(before, 'SIGKILL');
    const ends = await Promise.all(clients.map((client) => client.closed));
    expect(new Set(ends.map(({ code }) => code))).toEqual(new Set([1006]));
    const after = await waitFor('another sidecar', async () => {
      const { sidecar } = await njchan.status();
      return sidecar.pid !== before && sidecar.restarts === 1 ? sidecar.pid : undefined;
    });
    expect(after).toBeGreaterThan(0);

    const late = await waitFor('service', () => openWebSocket(`${njchan.url}/sub/c`));
    await untilSubscribers(njchan.port, '/pub/c', 1);
    expect((await request(njchan.port, 'POST', '/pub/c', { body: 'back' })).status).toBe(201);
    expect(await late.text()).toBe('back');
    expect(njchan.output()).toMatch(/sidecar.*SIGKILL/);
    expect((await njchan.stop()).code).toBe(0);
  });
});

describe('requests that come while the sidecar is being restarted', () => {
  it('wait for it, and none is refused', async () => {
    const njchan = await startNjchan({ config });
    for (let round = 0; round < 2; round++) {
      const before = await njchan.sidecarPid();
      process.kill(before, 'SIGKILL');
      // What it was given before it died nobody can take back; from its end on nobody listens, until somebody does again.
      await waitFor('its end', () => !isAlive(before));
      const answers = await Promise.all(
        Array.from({ length: 40 }, async (_, i) => {
          if (i % 2 === 0) return (await request(njchan.port, 'POST', '/pub/waits', { body: 'x' })).status;
          const stream = await openEventSource(`${njchan.url}/sub/waits`);
          stream.close();
          return stream.status;
        }),
      );
      expect(new Set(answers.filter((_, i) => i % 2 === 1))).toEqual(new Set([200]));
      expect(answers.filter((status, i) => i % 2 === 0 && status !== 201 && status !== 202)).toEqual([]);
      expect(await njchan.sidecarPid()).not.toBe(before);
    }
    await njchan.stop();
  });
});

describe('clients that leave without a word', () => {
  /** Opens `count` WebSockets at once; gives their sockets after the handshake. */
  async function openMany(port: number, count: number): Promise<Socket[]> {
    const open = (): Promise<Socket> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1');
        socket.on('error', reject);
        socket.once('data', () => resolve(socket));
        socket.write(`${['GET /sub/c HTTP/1.1', 'Host: x', ...HANDSHAKE_LINES].join('\r\n')}\r\n\r\n`);
      });
    return Promise.all(Array.from({ length: count }, open));
  }

  it('5,000 WebSockets opened and aborted leave no descriptor behind', async () => {
    const njchan = await startNjchan({ config });
    const pid = await njchan.sidecarPid();
    await subscribersOf(njchan.port, '/pub/c'); // so that the connection nginx keeps open is counted
    const before = descriptors(pid);
    const most = { descriptors: 0 };
    for (let round = 0; round < 10; round++) {
      const sockets = await openMany(njchan.port, 500);
      most.descriptors = Math.max(most.descriptors, descriptors(pid));
      // Half with RST, half with FIN: a proxied client that leaves sends only the latter to the sidecar.
      sockets.forEach((socket, i) => {
        socket.on('error', () => {});
        if (i % 2 === 0) socket.resetAndDestroy();
        else socket.destroy();
      });
    }
    expect(most.descriptors).toBeGreaterThan(before + 400);
    await untilSubscribers(njchan.port, '/pub/c', 0);
    // nginx keeps up to 64 idle connections to the sidecar open for other requests.
    await waitFor('the descriptors', () => descriptors(pid) <= before + 2);
    expect((await request(njchan.port, 'POST', '/pub/c', { body: 'x' })).status).toBe(202);
    await njchan.stop();
  });
});

describe('requests with a body that nobody asked for', () => {
  it('leave no descriptor and no subscriber behind when their clients go', async () => {
    const njchan = await startNjchan({ config });
    const pid = await njchan.sidecarPid();
    await subscribersOf(njchan.port, '/pub/c');
    const before = descriptors(pid);
    const clients = await Promise.all(Array.from({ length: 50 }, () => RawConnection.open(njchan.port)));
    for (const [i, client] of clients.entries()) {
      const accept = i % 2 === 0 ? 'Accept: text/event-stream\r\n' : '';
      const body = 'x'.repeat(200_000);
      client.send(`GET /sub/c HTTP/1.1\r\nHost: x\r\n${accept}Content-Length: ${body.length}\r\n\r\n${body}`);
    }
    await untilSubscribers(njchan.port, '/pub/c', 50);
    for (const client of clients) client.destroy();
    await untilSubscribers(njchan.port, '/pub/c', 0);
    await waitFor('the descriptors', () => descriptors(pid) <= before + 2);
    await njchan.stop();
  });
});

describe('stopping and reloading', () => {
  it('SIGTERM tells every subscriber that it is over', async () => {
    const njchan = await startNjchan({ config });
    const client = await openWebSocket(`${njchan.url}/sub/c`);
    await untilSubscribers(njchan.port, '/pub/c', 1);
    njchan.kill('SIGTERM');
    expect(await client.closed).toEqual({ code: 1001, reason: '410 Gone' });
    expect((await njchan.exited).code).toBe(0);
  });

  it('a reload keeps subscribers and messages, and takes new settings', async () => {
    const njchan = await startNjchan({ config });
    const client = await openWebSocket(`${njchan.url}/sub/c`);
    await request(njchan.port, 'POST', '/pub/c', { body: 'before' });
    expect(await client.text()).toBe('before');
    writeFileSync(
      njchan.configFile,
      config(njchan.port).replace('nchan_publisher;', 'nchan_publisher; nchan_message_buffer_length 1;'),
    );
    njchan.kill('SIGHUP');
    await waitFor('the new settings', async () =>
      (await request(njchan.port, 'POST', '/pub/c', { body: 'x' })).body
        .toString()
        .includes('queued messages: 1\r'),
    );
    expect(await client.text()).toBe('x');
    await njchan.stop();
  });
});
