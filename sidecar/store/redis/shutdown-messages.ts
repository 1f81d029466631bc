/** What the main thread and the one of the shutdown connection tell each other. */
import type { RedisUpstream } from '../../../handoff/redis.ts';
import type { RedisAddress } from './url.ts';

/** The words of the memory that both see, by their index. */
export const DONE = 0;
export const ANSWERED = 1;
export const SHARED_BYTES = 8;

/** What the thread is started with. */
export interface ShutdownSettings {
  readonly shared: SharedArrayBuffer;
  readonly upstream: Pick<
    RedisUpstream,
    'tls' | 'connectTimeoutMs' | 'commandTimeoutMs' | 'reconnectDelay' | 'pingIntervalSeconds'
  >;
  /** Sources by SHA1, for a server that has lost its scripts. */
  readonly sources: ReadonlyMap<string, Uint8Array>;
}

/** A server, and the first and last slots that are its own; undefined for all of them. */
export interface ShutdownRoute {
  readonly address: RedisAddress;
  readonly slots: readonly (readonly [first: number, last: number])[] | undefined;
}

/** Bytes travel as strings with one character each: whole pools of memory would be copied with Buffers. */
export interface PackedCall {
  readonly sha1: string;
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

export type ToShutdownThread =
  | { readonly kind: 'routes'; readonly routes: readonly ShutdownRoute[] }
  | { readonly kind: 'run'; readonly calls: readonly PackedCall[]; readonly last: boolean };

/** What became of a connection. */
export interface FromShutdownThread {
  readonly kind: 'up' | 'down';
  readonly url: string;
  readonly why: string;
}
