/** Which commands a trace of one channel or one namespace shows. */
import { channelNameInRedis, parseChannelKey } from '../../sidecar/store/redis/keys.ts';
import type { Call, ScriptCall } from './call.ts';

export interface TraceFilter {
  /** Full name of a channel, as a byte string. */
  readonly channel?: string;
  /** As it stands in keys, with its colon, as a byte string. */
  readonly namespace?: string;
  readonly db?: number;
}

interface ChannelRef {
  readonly namespace: string;
  readonly id: string;
}

/** Nchan names a channel by two arguments. */
function channelInArguments({ parameters }: ScriptCall): ChannelRef[] {
  const argument = (wanted: string) => parameters.find(({ name }) => name === wanted)?.value;
  const namespace = argument('ns');
  const id = argument('id');
  return namespace === undefined || id === undefined ? [] : [{ namespace, id: channelNameInRedis(id) }];
}

/** The channels whose keys are among some values. */
function channelsInKeys(values: readonly string[]): ChannelRef[] {
  return values.map(parseChannelKey).filter((key) => key !== undefined);
}

function channelsOf(call: Call): ChannelRef[] {
  if (call.kind === 'command') return channelsInKeys(call.words);
  // A message may look like a key. Of scripts that nobody knows, anything may be one.
  const values = call.parameters.filter(({ isKey }) => isKey || !call.script).map(({ value }) => value);
  return [...channelsInKeys(values), ...channelInArguments(call)];
}

/**
 * Where nobody knows which argument is what, one that equals the id has to do. So it has for Nchan's, which leaves out
 * the namespace when a worker ends.
 */
function mentions(call: Call, id: string): boolean {
  return (
    call.kind === 'script' &&
    call.script?.origin !== 'njchan' &&
    call.parameters.some(({ value }) => channelNameInRedis(value) === id)
  );
}

/**
 * True when the command is about the wanted channel. Channels are found in keys, in Nchan's arguments, and, for
 * scripts that are not ours, in any argument.
 * @param db - the database that the command was for
 */
export function isWanted(call: Call, db: number, filter: TraceFilter): boolean {
  const { channel, namespace } = filter;
  if (filter.db !== undefined && db !== filter.db) return false;
  if (channel === undefined && namespace === undefined) return true;
  const refs = channelsOf(call).filter((ref) => namespace === undefined || ref.namespace === namespace);
  if (channel === undefined) return refs.length > 0;
  return refs.some(({ id }) => id === channel) || (namespace === undefined && mentions(call, channel));
}
