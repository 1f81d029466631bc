/** Pings: who does not answer is closed, and nobody else. */
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pinger } from '../../../sidecar/websocket/pinger.ts';
import { type ConnectionPair, openPair } from '../../support/connection.ts';
import { clientFrame, messageFrame } from '../../support/raw-websocket.ts';
import { waitFor } from '../../support/wait.ts';

const PING = Buffer.from([0x89, 0]);
const PONG = clientFrame(0x8a);
const INTERVAL_SECONDS = 30;

describe('a client that is pinged', () => {
  let pair: ConnectionPair;
  let pinger: Pinger;
  let pings: number;

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    pair = await openPair();
    pinger = new Pinger(pair.connection, INTERVAL_SECONDS);
    pair.onPong = () => pinger.answered();
    pings = 0;
  });
  afterEach(() => {
    pinger.stop();
    vi.useRealTimers();
  });

  const tick = (): void => void vi.advanceTimersByTime(INTERVAL_SECONDS * 1000);
  /** A tick that finds nothing wrong: the client gets a ping and nothing else. */
  async function tickPings(): Promise<void> {
    tick();
    pings += 1;
    await waitFor('a ping', () => pair.received().length >= pings * PING.length);
    expect(pair.received()).toEqual(Buffer.concat(Array.from({ length: pings }, () => PING)));
  }
  async function pong(): Promise<void> {
    const pongs = pair.happened.length;
    pair.client.write(PONG);
    await waitFor('the pong', () => pair.happened.length > pongs);
  }
  async function tickCloses(): Promise<void> {
    tick();
    await waitFor('a close frame', () => pair.received().length > (pings + 1) * PING.length);
    expect(pair.received().subarray(pings * PING.length, pings * PING.length + 4)).toEqual(
      Buffer.concat([Buffer.from([0x88, 2 + 'no answer to ping'.length, 0x03, 0xe8])]),
    );
  }

  it('and answers is pinged again', async () => {
    for (let i = 0; i < 3; i++) {
      await tickPings();
      await pong();
    }
  });

  it('and does not answer is closed at the next ping', async () => {
    await tickPings();
    await pong();
    await tickPings();
    await tickCloses();
  });

  it('while nothing is read from it is not closed, and is when it then says nothing', async () => {
    pair.connection.setReading(false);
    for (let i = 0; i < 3; i++) await tickPings();
    pair.connection.setReading(true);
    await tickPings();
    await tickCloses();
  });

  it('while nothing is read from it is heard afterwards', async () => {
    pair.connection.setReading(false);
    await tickPings();
    pair.client.write(PONG);
    await tickPings();
    expect(pair.happened).toEqual([]);
    const heard = once(pair.socket, 'data');
    pair.connection.setReading(true);
    await heard;
    expect(pair.happened).toEqual(['pong']);
    await tickPings();
    await tickCloses();
  });

  it('and was not read from between two pings gets another interval for its answer', async () => {
    await tickPings();
    pair.connection.setReading(false);
    pair.connection.setReading(true);
    await tickPings();
    await tickCloses();
  });

  it('whose compressed messages wait to be inflated is not closed', async () => {
    await tickPings();
    pair.onMessage = () => pair.connection.setReading(false);
    pair.client.write(Buffer.concat([messageFrame(0xc1, 'one'), messageFrame(0xc1, 'two'), PONG]));
    await waitFor('the first message', () => pair.messages.length === 1);
    await tickPings();
    pair.onMessage = () => {};
    pair.connection.setReading(true);
    await waitFor('the pong', () => pair.happened.length === 1);
    await tickPings();
    await tickCloses();
  });
});
