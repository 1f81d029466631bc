/**
 * What may be told of subscribers that pass by the gateway (handoff/strings.ts). nginx itself writes each value into a
 * header of its own, between bars: nothing that a client sends ends a header or begins another, and no blank around it is
 * lost.
 */
import { DIRECT } from '../../handoff/headers.ts';
import type { LocationSettings } from '../../handoff/settings.ts';
import { DIRECT_INFO_GUARD, directInfoHeader } from '../../handoff/strings.ts';
import type { Expressions } from './directives/row.ts';

/** One value: the variable that has it for subscribers and is empty for messages. */
export interface DirectValue {
  readonly variable: string;
  readonly header: string;
  /** In quotes. */
  readonly expression: string;
}

const VARIABLE = /\$(?:\{(\w+)\}|(\w+))/g;

/**
 * Variables of nginx without control characters, where the target of the request has none as it has here, and headers.
 */
const SAFE =
  /^(?:args|arg_\w+|connection|connection_requests|hostname|http_\w+|https|is_args|msec|nginx_version|pid|query_string|remote_addr|remote_port|request_id|request_method|request_uri|scheme|server_addr|server_name|server_port|server_protocol|time_iso8601|time_local|uri)$(?!\n)/;

/** A header of the client, and the prefix of the variable that has it without control characters. */
const HEADER = /\$\{(http_\w+)\}/g;
const CLEANED = 'njchan_clean_';

/**
 * The values that a subscriber brings along.
 * @param number the endpoint's
 * @param info what its location tells of subscribers
 * @returns undefined where njs has to collect them
 */
export function directValues(
  number: string,
  { subscriberInfo, subscriberInfoString }: LocationSettings,
  info: Expressions | undefined,
): readonly DirectValue[] | undefined {
  if (subscriberInfo) return undefined;
  if (subscriberInfoString === null) return [];
  const expressions = info?.expressions ?? [];
  if (!expressions.every((text) => variablesIn(text).every((name) => SAFE.test(name)))) return undefined;
  return expressions.map((text, i) => ({
    variable: `njchan_${number}_direct_info_${i + 1}`,
    header: directInfoHeader(i),
    expression: `"${DIRECT_INFO_GUARD}${clean(text.slice(1, -1))}${DIRECT_INFO_GUARD}"`,
  }));
}

/** All variables are written in braces: see carried-string.ts. */
function clean(text: string): string {
  return text.replace(HEADER, (_, name: string) => `\${${CLEANED}${name}}`);
}

function variablesIn(text: string): string[] {
  return Array.from(text.matchAll(VARIABLE), ([, braced, bare]) => (braced ?? bare) as string);
}

/**
 * What the http level says. Messages get no values: their heads are quickest to read when they are all alike. A header of
 * the client with control characters, which the sidecar could not read, counts as empty; that is only found when the
 * headers are written, since a regex that matches takes the location's captures away.
 */
export function directValueMaps(values: readonly DirectValue[]): string[] {
  const names = values.flatMap(({ expression }) => variablesIn(expression));
  const cleaned = [...new Set(names)].filter((name) => name.startsWith(CLEANED));
  return [
    ...cleaned.flatMap((name) => {
      const header = `$${name.slice(CLEANED.length)}`;
      return [
        `map ${header} $${name} {`,
        `    default ${header};`,
        '    "~[\\x00-\\x08\\x0a-\\x1f\\x7f]" "";',
        '}',
      ];
    }),
    ...values.flatMap(({ variable, expression }) => [
      `map $${DIRECT.transport.variable} $${variable} {`,
      `    default ${expression};`,
      '    "" "";',
      '}',
    ]),
  ];
}
