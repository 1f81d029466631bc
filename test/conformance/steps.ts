/** Short names for the steps of cases, so that a case fits on a few lines. */
import { FIN, HANDSHAKE_LINES as HANDSHAKE, OPCODE } from '../support/raw-websocket.ts';
import type {
  ApplicationStep,
  CloseStep,
  FrameStep,
  NextSecondStep,
  PauseStep,
  ReadStep,
  RequestStep,
  SendStep,
  Step,
  SubscribersStep,
} from './case.ts';

export { HANDSHAKE_LINES as HANDSHAKE, OPCODE, WEBSOCKET_KEY } from '../support/raw-websocket.ts';

/** What a request may have beside its target. */
export interface Extras {
  headers?: readonly string[];
  as?: string;
  unseen?: boolean;
  version?: '1.0';
}

function requestStep(method: string, target: string, body: string | undefined, extras: Extras): RequestStep {
  const { headers = [], as, unseen, version } = extras;
  return { do: 'request', method, target, headers, body, as, unseen, version };
}

/** A request with a method of its own. */
export const call = (method: string, target: string, extras: Extras = {}): RequestStep =>
  requestStep(method, target, undefined, extras);
export const get = (target: string, headers: readonly string[] = [], extras: Extras = {}): RequestStep =>
  requestStep('GET', target, undefined, { ...extras, headers });
export const post = (target: string, body: string, extras: Extras = {}): RequestStep =>
  requestStep('POST', target, body, extras);
export const del = (target: string, headers: readonly string[] = []): RequestStep =>
  requestStep('DELETE', target, undefined, { headers });
export const options = (target: string, headers: readonly string[] = []): RequestStep =>
  requestStep('OPTIONS', target, undefined, { headers });

/** Publishes to `/pub/CHANNEL` and remembers the id under `as`. */
export const publish = (body: string, as?: string, channel = '{c}'): RequestStep =>
  requestStep('POST', `/pub/${channel}`, body, as === undefined ? {} : { as });

/** Publishes to `/pub/CHANNEL` and compares nothing. */
export const feed = (body: string, channel = '{c}', as?: string): RequestStep =>
  requestStep('POST', `/pub/${channel}`, body, { unseen: true, ...(as === undefined ? {} : { as }) });

/** Sends a GET on a connection and reads nothing yet: a subscriber. */
export const subscribe = (on: string, target: string, headers: readonly string[] = []): SendStep => ({
  do: 'send',
  on,
  bytes: `GET ${target} HTTP/1.1\r\nHost: x\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`,
});
export const send = (on: string, bytes: string): SendStep => ({ do: 'send', on, bytes });
export const response = (on: string, as?: string): ReadStep => ({ do: 'read', on, piece: 'response', as });
export const head = (on: string): ReadStep => ({ do: 'read', on, piece: 'head' });
export const end = (on: string): ReadStep => ({ do: 'read', on, piece: 'end' });
export const through = (on: string, text: string, as?: string): ReadStep => ({
  do: 'read',
  on,
  piece: { through: text },
  as,
});
export const close = (on: string): CloseStep => ({ do: 'close', on });

/** Waits until channel `{c}` (or another `target`) shows `count` subscribers. */
export const subscribers = (count: number, target = '/info/{c}'): SubscribersStep => ({
  do: 'subscribers',
  target,
  count,
});
export const nextSecond: NextSecondStep = { do: 'next second' };
/** Compares the requests about the case's channel that the application got: so many, since the last such step. */
export const application = (count: number): ApplicationStep => ({ do: 'application', count });
export const pause = (ms: number): PauseStep => ({ do: 'pause', ms });

/** Opens a WebSocket and compares the head of the answer. */
export const websocket = (on: string, target: string, headers: readonly string[] = []): readonly Step[] => [
  subscribe(on, target, [...HANDSHAKE, ...headers]),
  head(on),
];
/** Reads one frame from the server. */
export const frame = (on: string, as?: string): ReadStep => ({ do: 'read', on, piece: 'frame', as });

/** Sends one frame; `first` is FIN, reserved bits and opcode. */
export const sendFrame = (
  on: string,
  first: number,
  payload: string | Uint8Array = '',
  masked = true,
): FrameStep => ({ do: 'frame', on, first, payload, masked });
/** Sends one whole message. */
export const sendText = (on: string, payload: string): FrameStep => sendFrame(on, FIN | OPCODE.text, payload);
export const sendBinary = (on: string, payload: string | Uint8Array): FrameStep =>
  sendFrame(on, FIN | OPCODE.binary, payload);
/** Sends a close frame with a code (none: an empty one) and a reason. */
export const sendClose = (on: string, code?: number, reason = ''): FrameStep =>
  sendFrame(
    on,
    FIN | OPCODE.close,
    code === undefined ? '' : Buffer.concat([Buffer.from([code >> 8, code & 255]), Buffer.from(reason)]),
  );
