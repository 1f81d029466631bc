/** One row of the directive table: everything the compiler knows about a directive of Nchan. */
import type { GroupRight } from '../../../handoff/group.ts';
import type { RedisLocationSettings } from '../../../handoff/redis.ts';
import type {
  FiguresName,
  LocationSettings,
  PublisherTransport,
  SubscriberTransport,
} from '../../../handoff/settings.ts';
import type { StringTemplate } from '../../../handoff/strings.ts';
import type { TokenSettings } from '../../../handoff/token.ts';
import { ValueError } from '../errors.ts';
import type { Token } from '../lexer.ts';
import type { RedisSlots } from './redis-slots.ts';
import type { TokenSlots } from './token.ts';

/** Values with nginx variables, as they are written: nginx computes them for each request. */
export interface Expressions {
  readonly expressions: readonly string[];
}

/** What nchan_group_location says. */
export interface GroupRights {
  readonly words: ReadonlySet<GroupRight>;
  /** What outer levels say counts for nothing. */
  readonly withoutOuter: boolean;
}

/** A string that the sidecar puts together: its parts, and what nginx has to compute for it. */
export interface CarriedString extends Expressions {
  readonly template: StringTemplate;
}

/** What a level makes of the requests that reach it. */
export interface Endpoint {
  readonly publisher: ReadonlySet<PublisherTransport>;
  readonly subscriber: ReadonlySet<SubscriberTransport>;
  /** The upstream whose figures nchan_redis_upstream_stats shows. */
  readonly redisStats?: Expressions;
  /** What may be done to a group of channels. */
  readonly group?: GroupRights;
  /** Whether publishers and subscribers are served, a group or figures shown, or subscribers told of: what was written last. */
  readonly serves: 'channels' | 'redisStats' | 'group' | 'subscriberInfo' | FiguresName;
}

/**
 * The settings that directives set as they are: all but what the endpoint, the place, the Redis upstream and the
 * tokens say.
 */
export type PlainSettings = Omit<
  LocationSettings,
  | 'location'
  | 'serves'
  | 'publisher'
  | 'subscriber'
  | keyof TokenSettings
  | 'hookSocket'
  | 'hookTlsSocket'
  | 'hookAddressHeader'
  | 'hookHeadLimits'
  | 'groupLimits'
  | 'groupAccess'
  | 'eventChannel'
  | 'eventString'
  | 'subscriberInfo'
  | 'subscriberInfoString'
  | Exclude<keyof RedisLocationSettings, 'channelTimeout'>
>;

/** Settings that may be given by variables instead. */
type LimitSlot = 'messageBufferLength' | 'messageTimeout';

/** What directives set, by name. Several directives may set the same (aliases, `nchan_store_messages`). */
export interface Slots extends Omit<PlainSettings, LimitSlot>, RedisSlots, TokenSlots {
  endpoint: Endpoint;
  channelId: Expressions;
  publisherChannelId: Expressions;
  subscriberChannelId: Expressions;
  channelGroup: Expressions;
  groupMaxChannels: Expressions;
  groupMaxSubscribers: Expressions;
  groupMaxMessages: Expressions;
  groupMaxMessagesMemory: Expressions;
  groupMaxMessagesDisk: Expressions;
  messageBufferLength: number | Expressions;
  messageTimeout: number | Expressions;
  lastMessageId: Expressions;
  allowOrigin: Expressions;
  /** Bytes that buffered messages may take; of the http level. */
  memoryBytes: number;
  /** The same for these. */
  subscribeRequest: Expressions;
  unsubscribeRequest: Expressions;
  publisherUpstreamRequest: Expressions;
  /** The URI, and the query that is in it. */
  authorizeRequest: Expressions;
  /** See the settings of these names. */
  channelEventsChannelId: CarriedString;
  channelEventString: CarriedString;
  infoString: CarriedString;
  /** Set by nothing: for directives that have no effect any more. */
  obsolete: never;
}
export type SlotName = keyof Slots;

/** The values that one level, or a level with all those around it, has. */
export type Values = { [S in SlotName]?: Slots[S] };

/** A directive as it is written, for a row to make a value of. */
export interface Call<S extends SlotName> {
  /** The name that was used, for messages. */
  readonly name: string;
  readonly args: readonly Token[];
  /** What earlier directives of the same level gave, for `onDuplicate: 'add'`. */
  readonly current: Slots[S] | undefined;
  /** Everything that earlier directives of the same level gave. */
  readonly level: Readonly<Values>;
}

export interface Row<S extends SlotName = SlotName> {
  /** The canonical name, then the aliases and the legacy `push_…` names. */
  readonly names: readonly [string, ...string[]];
  /** Where it may stand: H http, S server, L location, I `if` in a location, U upstream. */
  readonly contexts: string;
  /** The fewest and the most arguments. */
  readonly args: readonly [min: number, max: number];
  readonly slot: S;
  /** A slot that is given twice at one level: a fault, the first or the last wins, or they add up. */
  readonly onDuplicate: 'error' | 'first' | 'last' | 'add';
  /** What a level has whose outer levels have a value too: its own, or what the function makes of both. */
  readonly inherit: 'nearest' | ((own: Slots[S], outer: Slots[S]) => Slots[S]);
  /** In the words of the documentation. */
  readonly default: string;
  readonly doc: string;
  /** The first version of njchan that has it, unless that is the first of all. */
  readonly since?: string;
  /**
   * Makes the value; `undefined` sets nothing.
   * @throws ValueError
   */
  parse(call: Call<S>): Slots[S] | undefined;
  /** What the user is told about a directive that is accepted. Must not show a password. */
  notices?(call: Call<S>): readonly string[];
  /** Makes an argument fit to be seen, for directives that may hold a password. */
  conceal?(text: string): string;
}

/** Erases a row's slot type, for the table. */
export function row<S extends SlotName>(row: Row<S>): Row {
  return row as unknown as Row;
}

/** True for text in which nginx looks for variables. */
export function hasVariables(text: string): boolean {
  return text.includes('$');
}

/** The arguments as nginx has to compute them. */
export function expressions(args: readonly Token[]): Expressions {
  return { expressions: args.map(({ raw }) => raw) };
}

/** The only argument of a directive that takes one. */
export function onlyArgument(args: readonly Token[]): Token {
  return args[0] as Token;
}

/** The largest number that nginx takes on 64-bit systems is larger, but is none that a setting can use. */
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

/** A number in nginx's sense: digits only. */
export function parseNumber(text: string): number | undefined {
  return /^\d+$/.test(text) && Number(text) <= MAX_NUMBER ? Number(text) : undefined;
}

/** Gives `value` back, or says that it is not one. */
export function valid<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new ValueError(message);
  return value;
}
