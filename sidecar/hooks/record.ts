/**
 * An unsubscribe request as it is kept in Redis for the time after a crash: all that it takes to send it, with the
 * client's headers. Strings are those of HookContext, a character a byte.
 */
import { basename, join } from 'node:path';
import type { HookContext } from './context.ts';
import type { HookRequest, HookVariables } from './request.ts';

const KIND = 'unsubscribe_request';

/** Characters of the longest record that is kept: twice what nginx takes of a request's head, unless it is told. */
export const MAX_RECORD_CHARS = 64 * 1024;

/** The socket goes by its name: whoever may write to Redis must not choose what else we talk to. */
type Kept = Omit<HookContext, 'uris' | 'queries'> & {
  readonly uri: string;
  readonly query: string;
  readonly hookVariables: HookVariables;
};

/** What is in a record, and of what type. */
const FIELDS: Readonly<Record<keyof Kept, (value: unknown) => boolean>> = {
  socket: (value) => typeof value === 'string' && /^\w[\w.-]*$/.test(value),
  tls: (value) => typeof value === 'boolean',
  location: isString,
  uri: isString,
  query: isString,
  method: isString,
  target: isString,
  args: isString,
  address: isString,
  headers: (value) =>
    Array.isArray(value) && value.length >= 2 && value.length % 2 === 0 && value.every(isString),
  variables: (value) => Array.isArray(value) && value.every(isPair),
  hookVariables: (value) =>
    typeof value === 'object' && value !== null && Object.values(value).every(isString),
};

function isString(value: unknown): boolean {
  return typeof value === 'string';
}

function isPair(value: unknown): boolean {
  return Array.isArray(value) && value.length === 2 && value.every(isString);
}

/** @param variables those of the hook */
export function formatRecord(context: HookContext, variables: HookVariables): string {
  const { uris, queries, ...rest } = context;
  const kept: Kept = {
    ...rest,
    socket: basename(context.socket),
    uri: uris[KIND] as string,
    query: queries[KIND] ?? '',
    hookVariables: variables,
  };
  return JSON.stringify(kept);
}

/**
 * @param sockets the directory with the sockets of hooks
 * @returns undefined for what is no record
 */
export function parseRecord(text: string, sockets: string): HookRequest | undefined {
  let kept: Kept;
  try {
    kept = JSON.parse(text) as Kept;
  } catch {
    return undefined;
  }
  if (typeof kept !== 'object' || kept === null) return undefined;
  if (!Object.entries(FIELDS).every(([name, fits]) => fits(kept[name as keyof Kept]))) return undefined;
  const { uri, query, hookVariables, socket, ...rest } = kept;
  const context: HookContext = {
    ...rest,
    socket: join(sockets, socket),
    uris: { [KIND]: uri },
    queries: query === '' ? {} : { [KIND]: query },
  };
  return { context, kind: KIND, variables: hookVariables, method: 'GET' };
}
