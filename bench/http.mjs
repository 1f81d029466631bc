/** Clients of as few instructions as possible: they share the processors with what is measured. */
import { connect } from 'node:net';

/** Requests of subscribers, by transport. */
export const SUBSCRIBE = {
  websocket:
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
  deflate:
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n',
  eventsource: 'Accept: text/event-stream\r\n',
  chunked: 'TE: chunked\r\n',
};

/** Subscribers that connect at the same time. */
const CONNECTING = 100;

/** A subscriber that only counts bytes. */
class Subscriber {
  bytes = 0;

  constructor(socket) {
    this.socket = socket;
    socket.on('data', (data) => {
      this.bytes += data.length;
    });
  }
}

function openSubscriber(port, channel, headers) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', reject);
    socket.once('data', (data) => {
      if (/^HTTP\/1\.1 (?:101|200)/.test(data.toString('latin1'))) resolve(new Subscriber(socket));
      else reject(new Error(`a subscriber got ${data}`));
    });
    socket.write(`GET /sub/${channel} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`);
  });
}

/** Opens `count` subscribers of one transport and waits until each got its response's head. */
export async function openSubscribers(port, channel, transport, count) {
  const subscribers = [];
  while (subscribers.length < count) {
    const some = Math.min(CONNECTING, count - subscribers.length);
    const opening = Array.from({ length: some }, () => openSubscriber(port, channel, SUBSCRIBE[transport]));
    subscribers.push(...(await Promise.all(opening)));
  }
  return subscribers;
}

/** A kept connection that publishes one message after the other. */
export class Publisher {
  #socket;
  #answered = () => {};

  constructor(port) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.setNoDelay(true);
    this.#socket.on('data', (data) => {
      const status = data.toString('latin1', 9, 12);
      if (status !== '201' && status !== '202') throw new Error(`a publisher got ${data}`);
      this.#answered();
    });
  }

  /** Resolves with the answer. */
  publish(target, body) {
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#socket.write(
        `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      );
    });
  }

  close() {
    this.#socket.destroy();
  }
}
