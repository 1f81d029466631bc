import type { LocationSettings } from '../../handoff/settings.ts';
import { encodeFrame, OPCODE } from './frame.ts';

/** A message of the client that is answered and not published, and the frame that answers it. */
export interface Heartbeat {
  readonly message: Buffer;
  readonly answer: Buffer;
}

const heartbeats = new WeakMap<LocationSettings, Heartbeat>();

/** The heartbeat of a location's nchan_websocket_client_heartbeat, undefined where it has none. */
export function heartbeatOf(settings: LocationSettings): Heartbeat | undefined {
  const [message, answer] = settings.websocketHeartbeat;
  if (message === undefined || answer === undefined) return undefined;
  let heartbeat = heartbeats.get(settings);
  if (!heartbeat) {
    heartbeat = { message: Buffer.from(message), answer: encodeFrame(OPCODE.text, Buffer.from(answer)) };
    heartbeats.set(settings, heartbeat);
  }
  return heartbeat;
}
