/** The handlers for `js_content`: what runs in the user's locations. */
import { enter } from './entrance.ts';
import { handle, handleFigures, handleRedisStats } from './gateway.ts';

export default {
  publisher: (r: NginxHTTPRequest): void => handle(r, 'publisher'),
  subscriber: (r: NginxHTTPRequest): void => handle(r, 'subscriber'),
  pubsub: (r: NginxHTTPRequest): void => handle(r, 'pubsub'),
  group: (r: NginxHTTPRequest): void => handle(r, 'group'),
  redisStats: (r: NginxHTTPRequest): void => handleRedisStats(r),
  figures: (r: NginxHTTPRequest): void => handleFigures(r),
  hook: (r: NginxHTTPRequest): void => enter(r),
};
