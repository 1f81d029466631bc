/**
 * A WebSocket after its handshake. Most subscribers never say a word, so the parser for client frames is made with the
 * first bytes that arrive.
 */
import type { Socket } from 'node:net';
import { encodeClose, encodeFrame, OPCODE } from './frame.ts';
import type { DeflateAgreement } from './permessage-deflate.ts';
import { closeCodeFor, createReceiver, type Receiver } from './receiver.ts';

export interface ConnectionEvents {
  /** A complete text or binary message. */
  message(data: Buffer, binary: boolean): void;
  /** The client answered a ping, or sent a pong unasked. */
  pong(): void;
  /** Written bytes have left; more may be written. */
  drained(): void;
  /** The connection is over, for whatever reason. Called once. */
  closed(): void;
}

export interface ConnectionSettings {
  /** Largest message accepted from the client, inflated; a larger one closes with 1009. */
  readonly maxMessageBytes: number;
  /** The compression agreed on in the handshake. */
  readonly deflate: DeflateAgreement | undefined;
}

/** How long a client may take to answer a close frame (spec/http-protocol.md §5.7). */
const CLOSE_TIMEOUT_MS = 250;

/** Answers that a client may leave unread before nothing more is read from it. */
const MAX_UNREAD_ANSWER_BYTES = 256 * 1024;

export class WebSocketConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #settings: ConnectionSettings;
  #receiver: Receiver | undefined;
  #closing = false;
  /** Whether the client's messages are wanted now. */
  #reading = true;
  /** Whether the client has yet to read our answers before more is read from it. */
  #unread = false;
  /** A frame that waits to be inflated until they are. */
  #held: (() => void) | undefined;

  /** @param early bytes that arrived together with the handshake. */
  constructor(socket: Socket, early: Buffer, settings: ConnectionSettings, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#settings = settings;
    socket.setTimeout(0);
    if (early.length > 0) socket.unshift(early); // read again, once our caller is ready for it
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('drain', () => {
      this.#unread = false;
      this.#readOn();
      events.drained();
    });
    socket.on('error', () => socket.destroy());
    // The proxied client left: only a FIN arrives, and without answering it the descriptor would stay for ever.
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      this.#closing = true;
      this.setReading(true); // so that what was left of the client's messages is done with
      this.#receiver?.end();
      events.closed();
    });
  }

  /** Writes complete frames; returns the bytes that have not left yet. */
  write(frames: Buffer): number {
    if (!this.#closing) this.#socket.write(frames);
    return this.#socket.writableLength;
  }

  /** Writes a frame that answers one of the client's; who does not read the answers is not read from either. */
  answer(frame: Buffer): void {
    if (this.write(frame) > MAX_UNREAD_ANSWER_BYTES) {
      this.#unread = true;
      this.#socket.pause();
    }
  }

  /** Stops or goes on reading from the client. */
  setReading(on: boolean): void {
    this.#reading = on;
    if (!on) {
      this.#socket.pause();
      return;
    }
    const held = this.#held;
    this.#held = undefined;
    held?.();
    this.#readOn();
  }

  /** Sends a close frame and drops the connection when the client has answered or 250 ms later. */
  close(code: number | undefined, reason: Buffer | string = ''): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#socket.write(encodeClose(code, reason));
    this.#unread = false;
    this.setReading(true); // for the client's answer
    this.#dropSoon();
  }

  /** Drops the connection with whatever is still unsent. */
  destroy(): void {
    this.#closing = true;
    this.#socket.destroy();
  }

  #received(bytes: Buffer): void {
    this.#receiver ??= this.#createReceiver();
    // It takes its time when it inflates; bytes must not pile up meanwhile.
    if (!this.#receiver.write(bytes)) this.#socket.pause();
  }

  #readOn(): void {
    if (this.#reading && !this.#unread && !this.#receiver?.writableNeedDrain) this.#socket.resume();
  }

  #whenReading(goOn: () => void): void {
    if (this.#reading) goOn();
    else this.#held = goOn;
  }

  #createReceiver(): Receiver {
    const receiver = createReceiver({
      ...this.#settings,
      beforeInflating: (goOn) => this.#whenReading(goOn),
    });
    receiver.on('message', (data, binary) => {
      if (!this.#closing) this.#events.message(data, binary);
    });
    receiver.on('ping', (data) => {
      this.answer(encodeFrame(OPCODE.pong, data));
    });
    receiver.on('pong', () => this.#events.pong());
    receiver.on('drain', () => this.#readOn());
    receiver.on('conclude', (code, reason) => this.#concluded(code, reason));
    receiver.on('error', (error) => this.close(closeCodeFor(error)));
    return receiver;
  }

  /** The client closes, or answers our close: its code and reason are sent back, and the connection ends. */
  #concluded(code: number, reason: Buffer): void {
    if (this.#closing) {
      this.#socket.end();
      return;
    }
    this.#closing = true;
    this.#socket.end(code === 1005 ? encodeClose() : encodeClose(code, reason));
    this.#dropSoon();
  }

  #dropSoon(): void {
    setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  }
}
