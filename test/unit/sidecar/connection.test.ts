/** A WebSocket whose client leaves: what it sent still counts, and nothing else of it stays. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { encodeFrame, OPCODE } from '../../../sidecar/websocket/frame.ts';
import { openPair } from '../../support/connection.ts';
import { clientFrame, messageFrame } from '../../support/raw-websocket.ts';
import { waitFor } from '../../support/wait.ts';

const COMPRESSED = 0xc1;
const PLAIN = 0x81;
const PING = 0x89;
const CLOSE = 0x88;
const PONG_FRAME = Buffer.from([0x8a, 0]);
const CLOSE_FRAME = Buffer.from([0x88, 0]);

const texts = (count: number): string[] => Array.from({ length: count }, (_, i) => `message ${i}`);
const frames = (first: number, payloads: readonly string[]): Buffer =>
  Buffer.concat(payloads.map((payload) => messageFrame(first, payload)));

describe('the FIN of a client', () => {
  it('that never said a word is answered', async () => {
    const { client, closed, happened } = await openPair();
    client.end();
    await once(client, 'close');
    await closed();
    expect(happened).toEqual(['closed']);
  });

  it.each([true, false])('is answered after everything before it was, publishing: %s', async (publishes) => {
    const { client, received, messages, happened, closed } = await openPair({ publishes });
    const sent = texts(200);
    client.end(Buffer.concat([frames(COMPRESSED, sent), clientFrame(PING), clientFrame(CLOSE)]));
    await once(client, 'close');
    await closed();
    expect(messages).toEqual(sent);
    expect(received()).toEqual(Buffer.concat([PONG_FRAME, CLOSE_FRAME]));
    expect(happened).toEqual(['closed']);
  });

  it('in the middle of a frame ends the connection after the messages in front', async () => {
    const { client, messages, happened } = await openPair();
    client.end(Buffer.concat([messageFrame(COMPRESSED, 'whole'), clientFrame(PLAIN, 'half').subarray(0, 8)]));
    await once(client, 'close');
    expect({ messages, happened }).toEqual({ messages: ['whole'], happened: ['closed'] });
  });

  it('behind what cannot be parsed is answered after a close frame', async () => {
    const { client, received, messages, happened } = await openPair();
    const wrong = Buffer.from([COMPRESSED, 0x83, 0, 0, 0, 0, 0xff, 0xff, 0xff]);
    client.end(Buffer.concat([messageFrame(COMPRESSED, 'right'), wrong, clientFrame(PLAIN, 'late')]));
    await once(client, 'close');
    expect(received()).toEqual(Buffer.from([0x88, 2, 0x03, 0xef]));
    expect({ messages, happened }).toEqual({ messages: ['right'], happened: ['closed'] });
  });

  it('is seen after an error was answered with a close frame', async () => {
    const { client, received, happened } = await openPair();
    client.write(clientFrame(0x83));
    await waitFor('the close frame', () => received().length === 4);
    client.end(clientFrame(PLAIN, 'late'));
    await once(client, 'close');
    expect(happened).toEqual(['closed']);
  });
});

describe('messages that wait until they are wanted', () => {
  it('do not keep the connection of a client that left by FIN, and are given when they are', async () => {
    const pair = await openPair();
    const sent = texts(200);
    pair.onMessage = () => {
      if (pair.socket.readableEnded && !pair.happened.includes('closed')) pair.connection.setReading(false);
    };
    pair.client.end(frames(COMPRESSED, sent));
    await once(pair.client, 'close');
    await pair.closed();
    expect(pair.messages.length).toBeLessThan(sent.length);
    pair.connection.setReading(true);
    await waitFor('all messages', () => pair.messages.length === sent.length);
    expect(pair.messages).toEqual(sent);
    expect(pair.happened).toEqual(['closed']);
  });

  it.each([
    ['plain', PLAIN],
    ['compressed', COMPRESSED],
  ])('are all given when writing finds that the client is gone: %s', async (_, first) => {
    const pair = await openPair();
    const { client, connection, socket } = pair;
    connection.setReading(false);
    // More than Node reads ahead, less than the kernel holds.
    const sent = Array.from({ length: 25 }, (_, i) =>
      `${i} `.padEnd(4000, randomBytes(2000).toString('hex')),
    );
    await new Promise((resolve) => client.write(frames(first, sent), resolve));
    client.destroy();
    await once(client, 'close');

    const frame = encodeFrame(OPCODE.text, Buffer.from('answer'));
    connection.write(frame);
    const written = socket.bytesWritten;
    expect([connection.write(frame), socket.bytesWritten]).toEqual([0, written]);
    await pair.closed();
    expect(pair.messages).toEqual([]);

    connection.setReading(true);
    await waitFor('all messages', () => pair.messages.length === sent.length);
    await waitFor('the end of the connection', () => socket.destroyed);
    expect(pair.messages).toEqual(sent);
    expect(pair.happened).toEqual(['closed']);
  });

  it.each([
    ['plain', PLAIN],
    ['compressed', COMPRESSED],
  ])('are all given when the client has reset the connection: %s', async (_, first) => {
    const pair = await openPair({ tcp: true });
    const sent = texts(200);
    pair.onMessage = () => pair.connection.setReading(false);
    pair.client.write(frames(first, sent.slice(0, 1)));
    await waitFor('the first message', () => pair.messages.length === 1);
    pair.onMessage = () => {};
    const rest = frames(first, sent.slice(1));
    pair.client.write(rest);
    await waitFor('Node to have read ahead', () => pair.socket.readableLength === rest.length);
    pair.client.resetAndDestroy();
    await pair.closed();
    pair.connection.setReading(true);
    await waitFor('all messages', () => pair.messages.length === sent.length);
    expect(pair.messages).toEqual(sent);
    expect(pair.happened).toEqual(['closed']);
  });

  it('are not those of a client that was told that the connection is closed', async () => {
    const pair = await openPair();
    pair.onMessage = () => pair.connection.close(1001, 'going away');
    pair.client.end(frames(COMPRESSED, texts(20)));
    await once(pair.client, 'close');
    await pair.closed();
    expect(pair.messages).toEqual(texts(1));
    expect(pair.happened).toEqual(['closed']);
  });
});

it('a client that reads no answers and leaves is let go', async () => {
  const pair = await openPair();
  const { client, connection } = pair;
  client.pause();
  const answer = encodeFrame(OPCODE.text, Buffer.alloc(64 * 1024));
  while (!pair.socket.isPaused()) connection.answer(answer);
  await new Promise((resolve) => client.write(clientFrame(PLAIN, 'the last'), resolve));
  client.destroy();
  await pair.closed();
  await waitFor('the end of the connection', () => pair.socket.destroyed);
  expect({ messages: pair.messages, happened: pair.happened }).toEqual({
    messages: ['the last'],
    happened: ['closed'],
  });
});
