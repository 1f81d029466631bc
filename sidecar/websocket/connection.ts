/**
 * A WebSocket after its handshake. Most subscribers never say a word, so the parser for client frames is made with the
 * first bytes that arrive.
 */
import type { Socket } from 'node:net';
import { statistics } from '../statistics/statistics.ts';
import { readOnAfterFailedWrite } from './failed-write.ts';
import { encodeClose, encodeFrame, OPCODE } from './frame.ts';
import type { DeflateAgreement } from './permessage-deflate.ts';
import { closeCodeFor, createReceiver, type Receiver } from './receiver.ts';

export interface ConnectionEvents {
  /** A complete text or binary message. May come after `closed`: what a client sent before it left counts. */
  message(data: Buffer, binary: boolean): void;
  /** The client answered a ping, or sent a pong unasked. */
  pong(): void;
  /** Written bytes have left; more may be written. */
  drained(): void;
  /** The client cannot be reached any more, for whatever reason. Called once. */
  closed(): void;
}

export interface ConnectionSettings {
  /** Largest message accepted from the client, inflated; a larger one closes with 1009. */
  readonly maxMessageBytes: number;
  /** The compression agreed on in the handshake. */
  readonly deflate: DeflateAgreement | undefined;
  /** Whether the client's messages count: then all that arrived are taken, even from a client that has left. */
  readonly publishes: boolean;
}

/** How long a client may take to answer a close frame (spec/http-protocol.md §5.7), or to read on after its FIN. */
const CLOSE_TIMEOUT_MS = 250;

/** Answers that a client may leave unread before nothing more is read from it. */
const MAX_UNREAD_ANSWER_BYTES = 256 * 1024;

export class WebSocketConnection {
  readonly #socket: Socket;
  readonly #events: ConnectionEvents;
  readonly #settings: ConnectionSettings;
  #receiver: Receiver | undefined;
  /** Our close frame is under way: no frame may follow it, and no message of the client's is taken any more. */
  #closeSent = false;
  /** Nothing that is written reaches the client, which says nothing about what it sent before. */
  #gone = false;
  /** Whether `closed` was called. */
  #closed = false;
  /** Whether the client's messages are wanted now. */
  #reading = true;
  /** Whether the client has yet to read our answers before more is read from it. */
  #unread = false;
  /** Whether something may have waited unread since `heardAll` was last asked. */
  #behind = false;
  /** A frame that waits to be inflated until messages are wanted. */
  #held: (() => void) | undefined;

  /** @param early bytes that arrived together with the handshake. */
  constructor(socket: Socket, early: Buffer, settings: ConnectionSettings, events: ConnectionEvents) {
    this.#socket = socket;
    this.#events = events;
    this.#settings = settings;
    socket.setTimeout(0);
    if (settings.publishes) readOnAfterFailedWrite(socket, () => this.#unreachable());
    if (early.length > 0) socket.unshift(early); // read again, once our caller is ready for it
    socket.on('data', (bytes: Buffer) => this.#received(bytes));
    socket.on('drain', () => {
      this.#unread = false;
      this.#regulate();
      if (!this.#gone) events.drained();
    });
    socket.on('error', () => socket.destroy());
    socket.on('end', () => this.#clientEnded());
    socket.on('close', () => this.#socketClosed());
  }

  /** Writes complete frames; returns the bytes that have not left yet. */
  write(frames: Buffer): number {
    if (!this.#closeSent && !this.#gone) this.#socket.write(frames);
    return this.#socket.writableLength;
  }

  /** Writes a frame that answers one of the client's; who does not read the answers is not read from either. */
  answer(frame: Buffer): void {
    if (this.write(frame) > MAX_UNREAD_ANSWER_BYTES && !this.#gone) {
      this.#unread = true;
      this.#regulate();
    }
  }

  /** Stops or goes on reading from the client. */
  setReading(on: boolean): void {
    this.#reading = on;
    this.#regulate();
  }

  /** Whether all that came since this was last asked was read as it came; a pong may have been missed if not. */
  heardAll(): boolean {
    const wasBehind = this.#behind;
    this.#behind = this.#socket.isPaused() || (this.#receiver?.writableLength ?? 0) > 0;
    return !wasBehind && !this.#behind;
  }

  /** Sends a close frame and drops the connection when the client has answered or 250 ms later. */
  close(code: number | undefined, reason: Buffer | string = ''): void {
    if (this.#closeSent) return;
    this.write(encodeClose(code, reason));
    this.#closeSent = true;
    this.#regulate(); // for the client's answer
    this.#dropSoon();
  }

  /** Drops the connection with whatever is still unsent. */
  destroy(): void {
    this.#gone = true;
    this.#socket.destroy();
  }

  #received(bytes: Buffer): void {
    this.#receiver ??= this.#createReceiver();
    if (!this.#receiver.writable) return; // nothing counts after a close frame or an error
    // It takes its time when it inflates; bytes must not pile up meanwhile.
    if (!this.#receiver.write(bytes)) this.#pause();
  }

  /** Reads from the client, or stops, as the state is now; everything is read after our close frame. */
  #regulate(): void {
    if (this.#reading || this.#closeSent) {
      const held = this.#held;
      this.#held = undefined;
      held?.();
    }
    if (this.#socket.destroyed) return; // resumed after an error, Node throws away what it had read ahead
    const wanted = this.#closeSent || (this.#reading && !this.#unread);
    if (wanted && !this.#receiver?.writableNeedDrain) this.#socket.resume();
    else this.#pause();
  }

  #pause(): void {
    this.#behind = true;
    this.#socket.pause();
  }

  #createReceiver(): Receiver {
    const receiver = createReceiver({
      ...this.#settings,
      beforeInflating: (goOn) => {
        if (this.#reading || this.#closeSent) goOn();
        else this.#held = goOn;
      },
    });
    receiver.on('message', (data, binary) => {
      if (!this.#closeSent) this.#events.message(data, binary);
    });
    receiver.on('ping', (data) => {
      this.answer(encodeFrame(OPCODE.pong, data));
    });
    receiver.on('pong', () => this.#events.pong());
    receiver.on('drain', () => this.#regulate());
    receiver.on('conclude', (code, reason) => this.#concluded(code, reason));
    receiver.on('error', (error) => {
      const code = closeCodeFor(error);
      if (!this.#closeSent) statistics.websocketErrors[code] = (statistics.websocketErrors[code] ?? 0) + 1;
      this.close(code);
      this.#answerFin();
    });
    receiver.on('finish', () => this.#answerFin());
    return receiver;
  }

  /** The client closes, or answers our close: its code and reason are sent back, and the connection ends. */
  #concluded(code: number, reason: Buffer): void {
    if (code === 1005) this.close(undefined);
    else this.close(code, reason);
    this.#endSocket();
  }

  /** The client sends nothing more, but what it sent may still be in the receiver. */
  #clientEnded(): void {
    this.#receiver?.end();
    this.#answerFin();
    if (!this.#socket.writableEnded) this.#dropWhenHeld();
  }

  /** Answers the client's FIN when all that came before it is done with: the descriptor would stay for ever without. */
  #answerFin(): void {
    const receiver = this.#receiver;
    const parsed = !receiver || receiver.writableFinished || receiver.errored !== null;
    if (parsed && this.#socket.readableEnded) this.#endSocket();
  }

  #endSocket(): void {
    this.#gone = true;
    this.#socket.end();
  }

  /** A write failed. Reading goes on, since the client may have sent much before it left. */
  #unreachable(): void {
    this.#gone = true;
    this.#unread = false;
    // Not now: whoever writes does not expect that its subscriber leaves meanwhile.
    process.nextTick(() => {
      this.#regulate();
      this.#announceClosed();
    });
  }

  #socketClosed(): void {
    this.#gone = true;
    // What Node had read while reading was paused.
    for (let bytes = this.#socket.read(); bytes !== null; bytes = this.#socket.read()) this.#received(bytes);
    this.#receiver?.end();
    this.#announceClosed();
  }

  #announceClosed(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#events.closed();
  }

  /** Drops the connection of a client that left once its messages wait to be wanted; while they are inflated it stays. */
  #dropWhenHeld(): void {
    setTimeout(() => {
      if (this.#held || this.#socket.writableEnded) this.#socket.destroy();
      else if (!this.#socket.destroyed) this.#dropWhenHeld();
    }, CLOSE_TIMEOUT_MS).unref();
  }

  #dropSoon(): void {
    setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS).unref();
  }
}
