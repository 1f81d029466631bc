import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { untilSubscribers } from '../support/channel-figures.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { type RawConnection, request } from '../support/raw-http.ts';
import { clientFrame, deflated, messageFrame, shakeHands } from '../support/raw-websocket.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket, type WebSocketClient, type WebSocketOptions } from '../support/websocket.ts';

const LOCATIONS = `
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/deflating/(.*)$ {
            nchan_publisher;
            nchan_channel_id $1;
            nchan_deflate_message_for_websocket on;
            client_max_body_size 16m;
        }
        location ~ ^/pubsub/(.*)$ {
            nchan_pubsub;
            nchan_channel_id $1;
            nchan_deflate_message_for_websocket on;
            nchan_message_buffer_length 1000;
        }
        location ~ ^/publisher/(.*)$ {
            nchan_publisher websocket;
            nchan_channel_id $1;
            nchan_deflate_message_for_websocket on;
            nchan_message_buffer_length 1000;
        }
`;

const TEXT = JSON.stringify(Array.from({ length: 100 }, (_, i) => ({ id: i, name: `number ${i}` })));

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
});

const open = (target: string, options: WebSocketOptions = {}): Promise<WebSocketClient> =>
  openWebSocket(`${njchan.url}${target}`, { perMessageDeflate: true, ...options });
const publish = (target: string, body: string | Buffer, headers = {}) =>
  request(njchan.port, 'POST', target, { body, headers });

/** A subscriber that shows its frames by the byte. */
const raw = (target: string, offer: string) =>
  shakeHands(njchan.port, target, [`Sec-WebSocket-Extensions: ${offer}`]);

const firstByte = async (connection: RawConnection): Promise<number> =>
  (await connection.readBytes(1))[0] as number;

describe('the handshake', () => {
  it.each([
    ['permessage-deflate; client_max_window_bits', 'permessage-deflate'],
    [
      'permessage-deflate; server_max_window_bits=12; server_no_context_takeover',
      'permessage-deflate; server_no_context_takeover; server_max_window_bits=10',
    ],
    ['permessage-deflate; server_max_window_bits=8, permessage-deflate', 'permessage-deflate'],
    ['x-webkit-deflate-frame', 'x-webkit-deflate-frame'],
    ['permessage-deflate; server_max_window_bits=9', undefined],
    ['foo', undefined],
  ])('offering %s', async (offer, answer) => {
    const { head } = await raw('/sub/handshake', offer);
    expect(head).toMatch(/^HTTP\/1.1 101 /);
    expect(/Sec-WebSocket-Extensions: (.*)\r/i.exec(head)?.[1]).toBe(answer);
  });
});

describe('a message published for deflating', () => {
  it.each([
    ['buffered', true],
    ['live', false],
  ])(
    '%s, reaches subscribers with and without compression, with and without ids',
    async (channel, before) => {
      const send = () => publish(`/deflating/${channel}`, TEXT, { 'Content-Type': 'a/b' });
      if (before) await send();
      const protocols = ['ws+meta.nchan'];
      const clients = await Promise.all([
        open(`/sub/${channel}`),
        open(`/sub/${channel}`, { perMessageDeflate: false }),
        open(`/sub/${channel}`, { protocols }),
        open(`/sub/${channel}`, { protocols, perMessageDeflate: false }),
      ]);
      const longpoll = request(njchan.port, 'GET', `/sub/${channel}`);
      if (!before) {
        await untilSubscribers(njchan.port, `/pub/${channel}`, 5);
        await send();
      }
      const texts = await Promise.all(clients.map((client) => client.text()));
      expect(texts[0]).toBe(TEXT);
      expect(texts[1]).toBe(TEXT);
      expect(texts[2]).toMatch(/^id: \d+:\d+\ncontent-type: a\/b\n\n\[\{/);
      expect(texts[3]).toBe(texts[2]);
      expect((await longpoll).body.toString()).toBe(TEXT);
    },
  );

  it('is a compressed frame, much smaller; others are plain on the same connection', async () => {
    const { connection } = await raw('/sub/frames', 'permessage-deflate');
    await publish('/deflating/frames', TEXT);
    expect(await firstByte(connection)).toBe(0xc1);
    const [, high, low] = await connection.readBytes(3);
    const length = (high as number) * 256 + (low as number);
    expect(length).toBeLessThan(TEXT.length / 2);
    await connection.readBytes(length);
    await publish('/pub/frames', TEXT);
    expect(await firstByte(connection)).toBe(0x81);
  });

  it('is binary by its content type', async () => {
    const client = await open('/sub/binary');
    await publish('/deflating/binary', TEXT, { 'Content-Type': 'application/octet-stream' });
    expect(await client.message()).toEqual({ data: Buffer.from(TEXT), binary: true });
  });

  it('keeps its place among others, however long it takes', async () => {
    const client = await open('/sub/order');
    const publisher = await open('/publisher/order', { perMessageDeflate: false });
    const sizes = Array.from({ length: 60 }, (_, i) => (i % 3 === 0 ? 900_000 : i % 3 === 1 ? 50 : 20_000));
    sizes.forEach((size, i) => void publisher.send(`${i} `.repeat(size).slice(0, size)));
    for (const [i, size] of sizes.entries()) {
      const text = await client.text();
      expect([text.split(' ', 1)[0], text.length]).toEqual([String(i), size]);
    }
  });

  it('of many sizes arrives whole', async () => {
    const client = await open('/sub/sizes', { protocols: ['ws+meta.nchan'] });
    for (const size of [0, 1, 125, 4096, 4097, 70_000, 3_000_000]) {
      const text = 'abc '.repeat(size).slice(0, size);
      await publish('/deflating/sizes', text);
      const received = await client.text();
      expect(received.slice(received.indexOf('\n\n') + 2) === text).toBe(true);
    }
  });
});

describe('a client', () => {
  it('may send compressed messages', async () => {
    const client = await open('/pubsub/sends');
    expect(client.socket.extensions).toBe('permessage-deflate');
    for (const text of [TEXT, TEXT, 'short', `${TEXT}${TEXT}`]) {
      client.send(text);
      expect(await client.text()).toBe(text);
    }
  });

  it('that sends more than the limit, compressed, is closed with 1009; others do not notice', async () => {
    const bystander = await open('/sub/bomb');
    const client = await open('/publisher/bomb');
    client.send(Buffer.alloc(64 * 1024 * 1024));
    expect((await client.closed).code).toBe(1009);
    await publish('/pub/bomb', 'still here');
    expect(await bystander.text()).toBe('still here');
  });

  it('that sends many large messages in a few bytes is made to wait, and loses none', async () => {
    const bomb = clientFrame(0xc1, deflated(Buffer.alloc(1_000_000, 'x')), 0);
    const { connection } = await raw('/publisher/many', 'permessage-deflate; client_no_context_takeover');
    connection.send(Buffer.concat(Array.from({ length: 60 }, () => bomb)));
    let answers = '';
    await waitFor('all answers', () => {
      answers = connection.unread.toString('latin1');
      return answers.split('queued messages').length === 61;
    });
    expect(answers).toContain('queued messages: 10');
  });

  it('that sends what cannot be inflated is closed with 1007', async () => {
    const { connection } = await raw('/publisher/garbage', 'permessage-deflate');
    connection.send(Buffer.from([0xc1, 0x83, 0, 0, 0, 0, 0xff, 0xff, 0xff]));
    expect((await connection.readToEnd()).subarray(0, 4)).toEqual(Buffer.from([0x88, 2, 0x03, 0xef]));
  });
});

describe('what a publisher sent before it left is published, all of it and in order:', () => {
  const COUNT = 200;
  /** The larger ones together are more than Node and the kernel read ahead. */
  const [SMALL, LARGE] = [20, 6000];
  type Leave = (connection: RawConnection, frames: Buffer) => void;
  const withFin: Leave = (connection, frames) => {
    connection.send(frames);
    connection.end();
  };
  const withCloseAndFin: Leave = (connection, frames) =>
    withFin(connection, Buffer.concat([frames, clientFrame(0x88)]));
  const withReset: Leave = (connection, frames) => {
    connection.send(frames);
    connection.reset();
  };
  const leaves: [bytes: number, how: string, leave: Leave][] = [
    [SMALL, 'a close frame and FIN', withCloseAndFin],
    [LARGE, 'a close frame and FIN', withCloseAndFin],
    [SMALL, 'FIN', withFin],
    [LARGE, 'FIN', withFin],
    // Of more, its own kernel throws away what has not been sent.
    [SMALL, 'RST', withReset],
  ];
  const kinds = [
    ['compressed', 0xc1, 'permessage-deflate; client_no_context_takeover'],
    ['plain', 0x81, 'none'],
  ] as const;
  const cases = ['publisher', 'pubsub'].flatMap((location) =>
    kinds.flatMap(([kind, ...frames]) =>
      leaves.map((leave) => [location, kind, ...leave, ...frames] as const),
    ),
  );

  it.each(cases)(
    'at a %s, %s, %i bytes each, then %s',
    async (location, kind, bytes, how, leave, first, offer) => {
      const channel = `left-${location}-${kind}-${how.replaceAll(' ', '-')}-${bytes}`;
      const subscriber = await open(`/sub/${channel}`);
      const { connection } = await raw(`/${location}/${channel}`, offer);
      const sent = Array.from({ length: COUNT }, (_, i) => `${i} ${randomBytes(bytes / 2).toString('hex')}`);
      leave(connection, Buffer.concat(sent.map((text) => messageFrame(first, text))));
      for (const text of sent) expect(await subscriber.text()).toBe(text);
      await untilSubscribers(njchan.port, `/pub/${channel}`, 1); // the publisher is forgotten
    },
  );
});

it('other settings of zlib are kept to, and a client with a smaller window gets plain frames', async () => {
  const http = `
    nchan_permessage_deflate_compression_level 9;
    nchan_permessage_deflate_compression_window 15;
    nchan_permessage_deflate_compression_memlevel 9;`;
  const other = await startNjchan({ config: (port) => nginxConf(port, LOCATIONS, http) });
  const url = `${other.url}/sub/window`;
  const small = await openWebSocket(url, { perMessageDeflate: { serverMaxWindowBits: 14 } });
  const large = await openWebSocket(url, { perMessageDeflate: { serverMaxWindowBits: 15 } });
  expect([small.socket.extensions, large.socket.extensions]).toEqual(['', 'permessage-deflate']);
  // A long way back to what is repeated: only the largest window reaches it.
  const random = Buffer.from(Array.from({ length: 20_000 }, (_, i) => (i * i * 31 + (i >> 3)) & 127));
  const text = `${random}${random}`;
  await request(other.port, 'POST', '/deflating/window', { body: text });
  expect((await small.text()) === text && (await large.text()) === text).toBe(true);
});
