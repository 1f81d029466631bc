/** Gives Nchan's variables their values, in configurations that use any (spec/hooks.md §10). */
import { formatMessageId } from '../handoff/message-id.ts';
import { type GatewayVariable, ID_VARIABLES, NO_COUNT_VARIABLE } from '../handoff/nchan-variables.ts';
import type { Outcome } from './outcome.ts';

/** Bytes that would end a header or a line of a log. */
const CONTROL_END = 0x20;
const DELETE = 0x7f;

/** Sets what the request tells. Before anything waits: subrequests see the same variables. */
export function setNchanVariables(r: NginxHTTPRequest, outcome: Outcome): void {
  const variables = r.variables as Record<GatewayVariable, string | Buffer | undefined>;
  if (variables.nchan_channel_id === undefined) return; // not declared, because nothing uses them
  const { action, channels, transport } = outcome;
  r.variables[NO_COUNT_VARIABLE] = '0';
  if (action === 'publish' || action === 'info' || action === 'delete' || transport === 'http') {
    variables.nchan_publisher_type = transport;
  }
  // For Nchan whoever opens a WebSocket is a kind of subscriber.
  if (action === 'subscribe' || (action === 'publish' && transport === 'websocket')) {
    variables.nchan_subscriber_type = transport;
    variables.nchan_prev_message_id = outcome.messageId ? formatMessageId(outcome.messageId) : '0:0';
  }
  for (let i = 0; i < ID_VARIABLES.length && i < channels.length; i++) {
    const id = channelId(channels[i] as string);
    variables[ID_VARIABLES[i] as GatewayVariable] = id;
    if (i === 0) variables.nchan_channel_id = id;
  }
}

/**
 * The id in a full name: its bytes, but for control characters, which stay percent-encoded.
 * @param name percent-encoded
 */
function channelId(name: string): string | Buffer {
  const id = name.slice(name.indexOf('/') + 1);
  if (id.indexOf('%') < 0) return id;
  const bytes: number[] = [];
  for (let i = 0; i < id.length; i++) {
    const byte = id.charAt(i) === '%' ? Number.parseInt(id.slice(i + 1, i + 3), 16) : -1;
    if (byte >= CONTROL_END && byte !== DELETE) {
      bytes.push(byte);
      i += 2;
    } else bytes.push(id.charCodeAt(i));
  }
  return Buffer.from(bytes);
}
