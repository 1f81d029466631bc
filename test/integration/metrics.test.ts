/** What Prometheus is told: the right numbers, cleanly, and at a bounded cost. */
import { spawnSync } from 'node:child_process';
import { beforeAll, describe, expect, it } from 'vitest';
import { REFUSALS } from '../../handoff/refusals.ts';
import { METRICS } from '../../sidecar/statistics/metrics-table.ts';
import { openEventSource } from '../support/eventsource.ts';
import { startHookApplication } from '../support/hook-application.ts';
import { type Scrape, scrape } from '../support/metrics.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { formatRequest, RawConnection, request } from '../support/raw-http.ts';
import { clientFrame, FIN, OPCODE, shakeHands } from '../support/raw-websocket.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

const application = await startHookApplication();
let njchan: Njchan;
beforeAll(async () => {
  const server = `
    location = /metrics { njchan_metrics; }
    location = /status { nchan_stub_status; }
    location = /health { njchan_health; }
    location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
    location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
    location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; nchan_channel_id $1; }
    location ~ ^/poll/(.*)$ { nchan_subscriber poll; nchan_channel_id $1; }
    location ~ ^/list/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_channel_id_split_delimiter ,; }
    location ~ ^/told/(.*)$ {
      nchan_subscriber; nchan_channel_id $1; nchan_subscribe_request /app/in; nchan_unsubscribe_request /app/out; }
    location ~ ^/asked/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_publisher_upstream_request /app/ask; }
    location ~ ^/watched/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_channel_events_channel_id $1; }
    location ~ ^/grouped/(.*)$ { nchan_publisher; nchan_channel_group $1; nchan_channel_id x; }
    location = /full {
      nchan_pubsub; nchan_channel_group full; nchan_channel_id x; nchan_channel_group_accounting on;
      nchan_group_max_messages 1; }
    location /app/ { proxy_pass ${application.url}; }`;
  njchan = await startNjchan({ config: (port) => nginxConf(port, server) });
});

const read = (): Promise<Scrape> => scrape(njchan.port);
const publish = (channel: string, body: string) => request(njchan.port, 'POST', `/pub/${channel}`, { body });

/** By how much values grow while something is done. */
async function growth(
  series: readonly (readonly [name: string, labels?: string])[],
  action: () => Promise<void>,
): Promise<number[]> {
  const before = await read();
  await action();
  const after = await read();
  return series.map(
    ([name, labels]) =>
      (after.value(name, labels) ?? Number.NaN) - (before.value(name, labels) ?? Number.NaN),
  );
}

describe('the exposition', () => {
  it('finds nothing to say for promtool', async () => {
    const { text } = await read();
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
      input: text,
      encoding: 'utf8',
    });
    expect([stdout, stderr, status]).toEqual(['', '', 0]);
  });

  it('has every metric of the table', async () => {
    const { text } = await read();
    for (const { name, type } of METRICS) expect(text).toContain(`# TYPE ${name} ${type}\n`);
  });

  it.each(['POST', 'HEAD', 'OPTIONS'])('is there for %s', async (method) => {
    const { status, headers } = await request(njchan.port, method, '/metrics');
    expect([status, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
  });

  it('names no channel and nothing of a client', async () => {
    await publish('secret-name', 'secret-message');
    await request(njchan.port, 'GET', '/sub/secret-name', { headers: { 'User-Agent': 'secret-agent' } });
    const before = (await read()).series;
    for (let i = 0; i < 20; i++) await publish(`channel-${i}`, 'x');
    const { text, series } = await read();
    expect(text).not.toMatch(/secret|channel-/);
    expect(series).toEqual(before);
  });
});

describe('the numbers', () => {
  it('are those of what was published and delivered', async () => {
    const url = `http://127.0.0.1:${njchan.port}`;
    const delivered = (transport: string) =>
      ['njchan_delivered_messages_total', `transport="${transport}"`] as const;
    const grown = await growth(
      [
        ['njchan_published_messages_total', 'publisher="http"'],
        ['njchan_published_bytes_total', 'publisher="http"'],
        ['njchan_published_messages_total', 'publisher="websocket"'],
        ['njchan_published_bytes_total', 'publisher="websocket"'],
        delivered('websocket'),
        ['njchan_delivered_bytes_total', 'transport="websocket"'],
        delivered('eventsource'),
        delivered('http-raw-stream'),
        delivered('longpoll'),
        delivered('intervalpoll'),
        ['njchan_fanout_subscribers_count'],
        ['njchan_fanout_subscribers_sum'],
      ],
      async () => {
        await publish('count', 'first');
        const sockets = await Promise.all([1, 2].map(() => openWebSocket(`${url}/sub/count`)));
        const stream = await openEventSource(`${url}/sub/count`);
        const raw = await RawConnection.open(njchan.port);
        raw.send(formatRequest('GET', '/raw/count'));
        await raw.readThrough('first\n');
        for (let i = 0; i < 9; i++) await publish('count', `message ${i}`);
        const publisher = await openWebSocket(`${url}/pub/count`);
        for (let i = 0; i < 3; i++) {
          publisher.socket.send('over');
          await publisher.text();
        }
        for (const socket of sockets) for (let i = 0; i < 13; i++) await socket.message();
        for (let i = 0; i < 13; i++) await stream.event();
        await raw.readThrough('over\nover\nover\n');
        await request(njchan.port, 'GET', '/sub/count');
        await request(njchan.port, 'GET', '/poll/count');
        const { body } = await request(njchan.port, 'GET', '/metrics');
        const text = body.toString();
        expect(text).toContain('njchan_subscribers{transport="websocket"} 2\n');
        expect(text).toContain('njchan_subscribers{transport="eventsource"} 1\n');
        expect(text).toContain('njchan_subscribers{transport="http-raw-stream"} 1\n');
        for (const one of [...sockets, publisher]) one.socket.close();
        stream.close();
        raw.destroy();
      },
    );
    // Two bytes around each message of a WebSocket.
    const messageBytes = 5 + 9 * 9 + 3 * 4;
    expect(grown).toEqual([10, 5 + 9 * 9, 3, 12, 26, 2 * (messageBytes + 13 * 2), 13, 13, 1, 1, 13, 4 * 12]);
    await waitFor('the subscribers to be gone', async () =>
      (await read()).text.includes('njchan_subscribers{transport="websocket"} 0\n'),
    );
  });

  it('count a message to several channels once', async () => {
    const grown = await growth(
      [
        ['njchan_published_messages_total', 'publisher="http"'],
        ['njchan_stored_messages'],
        ['njchan_channels'],
      ],
      async () => {
        await request(njchan.port, 'POST', '/list/one,two,three', { body: 'x' });
      },
    );
    expect(grown).toEqual([1, 3, 3]);
  });

  it('count channel events apart from messages', async () => {
    const grown = await growth(
      [
        ['njchan_channel_events_total', 'outcome="published"'],
        ['njchan_channel_events_total', 'outcome="lost"'],
        ['njchan_published_messages_total', 'publisher="http"'],
      ],
      async () => {
        await request(njchan.port, 'POST', '/watched/events', { body: 'x' });
        await request(njchan.port, 'DELETE', '/watched/events');
      },
    );
    expect(grown).toEqual([2, 0, 1]);
  });

  it('count the groups that have channels', async () => {
    const [grown] = await growth([['njchan_groups']], async () => {
      for (const group of ['a', 'b', 'a']) {
        await request(njchan.port, 'POST', `/grouped/${group}`, { body: 'x' });
      }
    });
    expect(grown).toBe(2);
  });

  it('are told of every batch that was delivered', async () => {
    const [count] = await growth([['njchan_delivery_duration_seconds_count']], async () => {
      const stream = await openEventSource(`http://127.0.0.1:${njchan.port}/sub/timed`);
      for (let i = 0; i < 3; i++) {
        await publish('timed', 'x');
        await stream.event();
      }
      stream.close();
    });
    expect(count).toBe(3);
  });

  it('tell of subscribers that do not read', async () => {
    const [returned, closed] = await growth(
      [
        ['njchan_slow_subscribers_total', 'outcome="returned"'],
        ['njchan_slow_subscribers_total', 'outcome="closed"'],
      ],
      async () => {
        const connection = await RawConnection.open(njchan.port);
        connection.send(formatRequest('GET', '/raw/slow'));
        await waitFor('the subscriber', async () => (await publish('slow', 'x')).status === 201);
        connection.pause();
        // More than sockets and nginx take.
        for (let i = 0; i < 40; i++) await publish('slow', 'x'.repeat(500_000));
        connection.destroy();
      },
    );
    expect(returned).toBeGreaterThan(0);
    expect(closed).toBe(0);
  });

  it('count WebSockets whose clients do not keep to the protocol', async () => {
    const codes = [1002, 1007, 1009] as const;
    const grown = await growth(
      codes.map((code) => ['njchan_websocket_errors_total', `code="${code}"`] as const),
      async () => {
        const noText = clientFrame(FIN | OPCODE.text, Buffer.from([0xff]));
        for (const frame of [clientFrame(FIN | OPCODE.text, 'x', null), noText, noText]) {
          const { connection } = await shakeHands(njchan.port, '/sub/x');
          connection.send(frame);
          await connection.readToEnd();
        }
      },
    );
    expect(grown).toEqual([1, 2, 0]);
  });

  it('count refusals by their names', async () => {
    const grown = await growth(
      ['transport_not_allowed', 'method_not_allowed', 'message_id_invalid'].map(
        (name) => ['njchan_refused_requests_total', `refusal="${name}"`] as const,
      ),
      async () => {
        await request(njchan.port, 'POST', '/sub/x', { body: 'x' });
        await request(njchan.port, 'PATCH', '/pub/x');
        await request(njchan.port, 'GET', '/sub/x', { headers: { 'If-None-Match': 'x:y' } });
        await request(njchan.port, 'GET', '/sub/x', { headers: { 'If-None-Match': 'x:y' } });
      },
    );
    expect(grown).toEqual([1, 1, 2]);
    const { series } = await read();
    const refusals = series.filter((name) => name.startsWith('njchan_refused_requests_total'));
    expect(refusals).toHaveLength(Object.keys(REFUSALS).length);
  });

  it('count messages of WebSockets that their group does not take, though their publishers are told nothing', async () => {
    const [grown] = await growth(
      [['njchan_refused_requests_total', 'refusal="group_messages_reached"']],
      async () => {
        await request(njchan.port, 'POST', '/full', { body: 'x' });
        const { socket } = await openWebSocket(`http://127.0.0.1:${njchan.port}/full`);
        for (let i = 0; i < 3; i++) socket.send('x');
        await waitFor('the refusals', async () =>
          (await read()).text.includes('refusal="group_messages_reached"} 3\n'),
        );
        socket.close();
      },
    );
    expect(grown).toBe(3);
  });

  it('count hooks by how they end', async () => {
    application.answer = ({ url }, response) => {
      response.statusCode = url.startsWith('/app/ask') ? 304 : 200;
      response.end();
    };
    const of = (hook: string, outcome: string) =>
      ['njchan_hooks_total', `hook="${hook}",outcome="${outcome}"`] as const;
    const grown = await growth(
      [
        of('subscribe_request', 'answered'),
        of('unsubscribe_request', 'answered'),
        of('publisher_upstream_request', 'answered'),
        of('publisher_upstream_request', 'failed'),
      ],
      async () => {
        const stream = await openEventSource(`http://127.0.0.1:${njchan.port}/told/x`);
        await application.until('/app/in', 1);
        stream.close();
        await application.until('/app/out', 1);
        expect((await request(njchan.port, 'POST', '/asked/x', { body: 'x' })).status).toBe(202);
        application.answer = (_, response) => response.destroy();
        expect((await request(njchan.port, 'POST', '/asked/x', { body: 'x' })).status).toBe(500);
        await waitFor('no hook to wait', async () => {
          const { text } = await read();
          return text.includes('njchan_hooks_waiting{queue="notifications"} 0\n');
        });
      },
    );
    expect(grown).toEqual([1, 1, 1, 1]);
  });
});

describe('a scrape', () => {
  it('that is cut off harms nobody', async () => {
    const before = njchan.output();
    for (let i = 0; i < 50; i++) {
      const connection = await RawConnection.open(njchan.port);
      connection.send(formatRequest('GET', '/metrics'));
      connection.destroy();
    }
    expect((await read()).value('njchan_channels')).toBeGreaterThan(0);
    expect(njchan.output().slice(before.length)).not.toMatch(/ (warn|error) sidecar/);
  });

  it.each(['/metrics', '/status', '/health'])('of %s with headers that are none is 400', async (target) => {
    const before = njchan.output();
    const { status } = await request(njchan.port, 'GET', target, { headers: { Accept: 'a\u0001b' } });
    expect(status).toBe(400);
    expect(njchan.output().slice(before.length)).not.toMatch(/\b(?:warn|error)\b/);
  });

  it('is answered beside many others', async () => {
    const scrapes = await Promise.all(Array.from({ length: 60 }, read));
    for (const { series } of scrapes) expect(series.length).toBeGreaterThan(METRICS.length);
  });
});
