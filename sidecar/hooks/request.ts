/** What is sent to nginx for one hook. */
import { ADDRESS_HEADER, ASK_HEADER, ASK_LINE_BYTES, addField, type HookKind } from '../../handoff/hooks.ts';
import type { HookContext } from './context.ts';

/** Nchan's variables for a hook, by the names that nginx knows them by. */
export type HookVariables = Readonly<Record<string, string>>;

export interface HookRequest {
  readonly context: HookContext;
  readonly kind: HookKind;
  readonly variables: HookVariables;
  readonly method: 'GET' | 'POST';
  /** nginx's id for the client's request, for the log; '' or undefined where it is not known. */
  readonly requestId?: string;
  /** The message that is asked about. Without one, nothing is wanted of the answer but its status. */
  readonly message?: Buffer;
}

/** The request line's parts and the headers. */
export interface RequestHead {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: string[];
}

/** Makes the head: that of the client's request, with what nginx is to ask. */
export function headOf({ context, kind, variables, method, message }: HookRequest): RequestHead {
  const hasBody = message !== undefined && message.length > 0;
  let ask = '';
  const add = (name: string, value: string): void => {
    ask = addField(ask, name, Buffer.from(value, 'latin1'));
  };
  add('uri', context.uris[kind] as string);
  const query = context.queries[kind];
  if (query) add('query', query);
  // Else they are those of the repeated request, and its head stays as small as it was.
  if (context.args !== queryOf(context.target)) add('args', context.args);
  add('method', method);
  add('body', hasBody ? '1' : '0');
  add('answer', message === undefined ? '0' : '1');
  for (const [name, value] of Object.entries(variables)) add(`$${name}`, value);
  for (const [name, encoded] of context.variables) ask += `&${name}=${encoded}`;
  return {
    method: context.method,
    path: context.target,
    headers: [
      ...context.headers,
      ADDRESS_HEADER,
      context.address,
      ...askLines(ask),
      ...(hasBody ? ['Content-Length', String(message.length)] : []),
    ],
  };
}

/** Names and values in turn. */
function askLines(ask: string): string[] {
  const lines: string[] = [];
  for (let at = 0; at < ask.length; at += ASK_LINE_BYTES)
    lines.push(ASK_HEADER, ask.slice(at, at + ASK_LINE_BYTES));
  return lines;
}

function queryOf(target: string): string {
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
}
