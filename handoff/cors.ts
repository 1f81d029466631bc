/** Headers for requests from other origins (spec/http-protocol.md §7), which nginx and the sidecar answer alike. */
import type { LocationSettings } from './settings.ts';

export type CorsHeader = readonly [name: string, value: string];

/** What the headers depend on. */
interface CorsRequest {
  /** The client's Origin; undefined when it sent none. */
  readonly origin: string | undefined;
  /** Access-Control-Allow-Origin where it is not `origin`; '' where it is. */
  readonly allowOrigin: string;
  readonly settings: LocationSettings;
}

const NONE: readonly CorsHeader[] = [];

/** For a request with an Origin; none for a request without. */
export function corsHeaders({ origin, allowOrigin, settings }: CorsRequest): readonly CorsHeader[] {
  if (origin === undefined) return NONE;
  const allowed: CorsHeader = ['Access-Control-Allow-Origin', allowOrigin || origin];
  return settings.allowCredentials ? [['Access-Control-Allow-Credentials', 'true'], allowed] : [allowed];
}

/** What scripts of other origins may read of the answer to a poll, besides. */
export function exposedHeaders({
  origin,
  settings,
}: Pick<CorsRequest, 'origin' | 'settings'>): readonly CorsHeader[] {
  if (origin === undefined) return NONE;
  const names = `Last-Modified, ${settings.customEtagHeader || 'Etag'}, Content-Type`;
  return [['Access-Control-Expose-Headers', names]];
}

/** With which polling clients are told that answers depend on the message id they sent. */
export const VARY_HEADERS: readonly CorsHeader[] = [['Vary', 'If-None-Match, If-Modified-Since']];
