import type { ChannelMirror } from './channel-mirror.ts';
import type { RedisLink } from './link.ts';
import type { RegistrationSettings } from './registration.ts';
import type { RemoteChannel } from './remote-channel.ts';

/** What a channel needs of the store that it belongs to. */
export interface RemoteHost {
  readonly link: RedisLink;
  readonly namespace: string;
  readonly registration: RegistrationSettings;
  /** Milliseconds that it stays after its last user left. */
  readonly idleMs: number;
  /** Takes the channel's messages. */
  mirror(name: string): ChannelMirror;
  /** Redis knows that this server has subscribers of it. */
  registered(channel: RemoteChannel): void;
  /** Redis has lost what it knew of the channel. */
  lost(channel: RemoteChannel): void;
  /** It was deleted, by whomever. */
  deleted(channel: RemoteChannel): void;
  /** Some server wants to know who subscribes to it here. */
  asked(channel: RemoteChannel, request: number): void;
  /** Something went wrong that nobody waits for. */
  fault(channel: string, error: unknown): void;
  /** It is used no more, and has left Redis. */
  left(channel: RemoteChannel): void;
}
