/** What a configuration needs for the strings that travel with requests (handoff/strings.ts). */
import type { RedisLocationSettings } from '../../handoff/redis.ts';
import { EVENTS_HEADER, EVENTS_VARIABLE, INFO_HEADER, INFO_VARIABLE } from '../../handoff/strings.ts';
import { DEFAULT_INFO_STRING } from './directives/events.ts';
import type { Values } from './directives/row.ts';
import type { Scope } from './scopes.ts';

/** The headers with values of strings that an endpoint hands off. */
export interface Carries {
  readonly events: boolean;
  readonly info: boolean;
}

/** What is in force at an endpoint for channels. */
export function carriesOf({ channelEventsChannelId, channelEventString, infoString }: Values): Carries {
  const count =
    (channelEventsChannelId?.expressions.length ?? 0) + (channelEventString?.expressions.length ?? 0);
  return {
    events: channelEventsChannelId !== undefined && count > 0,
    info: (infoString?.expressions.length ?? 0) > 0,
  };
}

/** What decides who could ask. */
type RedisPlace = Pick<RedisLocationSettings, 'redisUpstream' | 'redisStorageMode'>;

/** Decides where subscribers bring along what may be told of them: wherever somebody could ask, and nowhere else. */
export class InfoPlan {
  /** Some location asks. */
  readonly #isAsked: boolean;

  constructor(main: Scope) {
    this.#isAsked = asksAnywhere(main);
  }

  /** What is in force at an endpoint, with the string of its subscribers if they need one. */
  valuesOf({ values }: Scope, redis: RedisPlace | undefined): Values {
    const { endpoint, infoString = DEFAULT_INFO_STRING, ...others } = values;
    const rest: Values = endpoint ? { ...others, endpoint } : others;
    const hasSubscribers =
      endpoint !== undefined && endpoint.subscriber.size > 0 && endpoint.serves === 'channels';
    const { redisUpstream = '', redisStorageMode } = redis ?? {};
    // Another server may ask; of a backup in Redis it gets no answers.
    const isShared = redisUpstream !== '' && redisStorageMode !== 'backup';
    return hasSubscribers && (this.#isAsked || isShared) ? { ...rest, infoString } : rest;
  }
}

function asksAnywhere({ values, children }: Scope): boolean {
  return values.endpoint?.serves === 'subscriberInfo' || children.some(asksAnywhere);
}

interface Carrier {
  readonly carries: Carries;
}

const HEADERS = [
  ['events', EVENTS_HEADER, EVENTS_VARIABLE],
  ['info', INFO_HEADER, INFO_VARIABLE],
] as const;

function used(endpoints: readonly Carrier[]): readonly (typeof HEADERS)[number][] {
  return HEADERS.filter(([which]) => endpoints.some(({ carries }) => carries[which]));
}

/** The variables that the gateway fills in, for the http level. */
export function carryingVariables(endpoints: readonly Carrier[]): string[] {
  return used(endpoints).map(([, , variable]) => `js_var $${variable};`);
}

/** What the hand-off locations of a server say. */
export function carryingLines(endpoints: readonly Carrier[]): string[] {
  return used(endpoints).map(([, header, variable]) => `proxy_set_header ${header} $${variable};`);
}
