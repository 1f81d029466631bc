/**
 * Strings of the configuration that the sidecar puts together when something happens, long after nginx has handed the
 * request off: the texts of channel events, the id of their channel, and what is told of a subscriber (docs/events.md).
 * The location's settings have their parts; what nginx's own variables gave travels with the request.
 */

/**
 * One part: `=text` stands for itself, `$name` for the value that a variable of Nchan has by then, and the empty part
 * for the next value that came with the request.
 */
export type StringPart = string;
export type StringTemplate = readonly StringPart[];

/** Text of a template that stands for itself. */
export const LITERAL = '=';

/**
 * The headers with the values: each in base64, since they may be any bytes, with commas between them. Those of
 * the channel's id come before those of the event's text. No header means that there are none but empty ones.
 */
export const EVENTS_HEADER = 'Njchan-Events';
export const EVENTS_VARIABLE = 'njchan_events';
export const INFO_HEADER = 'Njchan-Info';
export const INFO_VARIABLE = 'njchan_info';

/**
 * Of a subscriber that passes by the gateway (DIRECT in headers.ts) each value comes in a header of its own, as it is,
 * between two bars.
 */
export const DIRECT_INFO_GUARD = '|';
export function directInfoHeader(index: number): string {
  return `${INFO_HEADER}-${index + 1}`;
}

/** Bytes that each of these headers may have; a request with more is refused. */
export const MAX_STRING_VALUES_BYTES = 64 * 1024;

/** Values that one string may have: runs of nginx's own variables, and of text, between variables of Nchan's. */
export const MAX_STRING_VALUES = 32;

/** Nchan's own, of `nchan_channel_event_string`. */
export const DEFAULT_EVENT_STRING: StringTemplate = ['$nchan_channel_event', '= ', '$nchan_channel_id'];

/** True for the part that a value of the request stands for. */
export function isValue(part: StringPart): boolean {
  return part === '';
}
