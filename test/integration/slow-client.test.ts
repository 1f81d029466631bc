/** Clients that stop reading: they cost others nothing, and lose nothing that the buffer still has. */
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { clientFrame, FIN, HANDSHAKE_LINES, OPCODE, shakeHands } from '../support/raw-websocket.ts';
import { sleep } from '../support/wait.ts';

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({
    config: `
        client_max_body_size 32m;
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; nchan_channel_id $1; }
        location ~ ^/only/(.*)$ { nchan_publisher websocket; nchan_channel_id $1; }
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 200; }`,
  });
});

/** How each stream is asked for. What it sends holds each message's marker once, whatever is around it. */
const STREAMS: readonly (readonly [name: string, location: string, headers: readonly string[]])[] = [
  ['websocket', 'sub', HANDSHAKE_LINES],
  ['eventsource', 'sub', ['Accept: text/event-stream']],
  ['http-chunked', 'sub', ['TE: chunked']],
  ['http-multipart', 'sub', ['Accept: multipart/mixed']],
  ['http-raw-stream', 'raw', []],
];

const MESSAGE_BYTES = 300_000;
const COUNT = 30;
const marker = (i: number): string => `<${i}>`;
const message = (i: number): string => marker(i).padEnd(MESSAGE_BYTES, 'x');

async function subscribe(
  location: string,
  channel: string,
  headers: readonly string[],
): Promise<RawConnection> {
  const connection = await RawConnection.open(njchan.port);
  connection.send(`${[`GET /${location}/${channel} HTTP/1.1`, 'Host: x', ...headers].join('\r\n')}\r\n\r\n`);
  await connection.readHead();
  return connection;
}

const publish = async (channel: string, from: number, to: number): Promise<void> => {
  for (let i = from; i < to; i++) {
    const { status } = await request(njchan.port, 'POST', `/pub/${channel}`, { body: message(i) });
    expect([201, 202]).toContain(status);
  }
};

/** Reads until the last message has come, and returns the markers in the order in which they came. */
async function markers(connection: RawConnection, last: number): Promise<string[]> {
  const bytes = await connection.readThrough(marker(last), 60_000);
  return bytes.toString('latin1').match(/<\d+>/g) ?? [];
}

const expected = Array.from({ length: COUNT }, (_, i) => marker(i));

describe.each(STREAMS)('a slow %s client', (name, location, headers) => {
  threat('exhaustion');
  // So that the messages of all tests together stay below the store's limit.
  afterEach(async () => {
    for (const kind of ['buffered', 'live', 'large'])
      await request(njchan.port, 'DELETE', `/pub/${kind}-${name}`);
  });

  it('gets everything that was in the buffer when it came', async () => {
    const channel = `buffered-${name}`;
    await publish(channel, 0, COUNT);
    const connection = await subscribe(location, channel, headers);
    connection.pause();
    await sleep(500);
    connection.resume();
    expect(await markers(connection, COUNT - 1)).toEqual(expected);
  });

  it('gets everything that was published while it did not read, and then what comes live', async () => {
    const channel = `live-${name}`;
    const connection = await subscribe(location, channel, headers);
    await publish(channel, 0, 1);
    connection.pause();
    await publish(channel, 1, COUNT - 1);
    connection.resume();
    const before = await markers(connection, COUNT - 2);
    await publish(channel, COUNT - 1, COUNT);
    expect([...before, ...(await markers(connection, COUNT - 1))]).toEqual(expected);
  });

  it('gets one message of many megabytes, live', async () => {
    const channel = `large-${name}`;
    const connection = await subscribe(location, channel, headers);
    const body = `${'x'.repeat(20 * 1024 * 1024)}<0>`;
    expect((await request(njchan.port, 'POST', `/pub/${channel}`, { body })).status).toBe(201);
    expect(await markers(connection, 0)).toEqual(['<0>']);
  });
});

it('a WebSocket that publishes without reading the answers is read on only as it reads', async () => {
  const { connection } = await shakeHands(njchan.port, '/only/flood');
  connection.pause();
  const frame = clientFrame(FIN | OPCODE.text, 'aaaa');
  const count = 60_000; // some 6 MB of answers
  connection.send(Buffer.concat(Array.from({ length: count }, () => frame)));
  await sleep(500);
  connection.resume();
  let answers = 0;
  let rest = '';
  while (answers < count) {
    const bytes =
      rest + (await connection.readBytes(Math.max(connection.unread.length, 1), 60_000)).toString('latin1');
    answers += bytes.split('last message id').length - 1;
    rest = bytes.slice(-14);
    if (rest.includes('last message id')) rest = '';
  }
  expect(answers).toBe(count);
});
