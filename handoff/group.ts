/** Channel groups on their way from the gateway to the sidecar (spec/hooks.md §7). */

/** What a group may have at most, in the order in which the limits are handed off. 0 is no limit. */
export interface GroupLimits {
  readonly channels: number;
  readonly subscribers: number;
  readonly messages: number;
  /** Bytes, with what a message takes beside its data. */
  readonly messagesMemory: number;
  readonly messagesDisk: number;
}

/** What a request says of the limits; those that it leaves out stay as they are. */
export type GroupLimitChanges = Partial<GroupLimits>;

/** Word of `nchan_group_location`. */
export type GroupRight = 'get' | 'set' | 'delete';

/** LocationSettings.groupAccess of a group location that has no rights at all. */
export const NO_GROUP_RIGHTS = 'off';

/** The largest number that Nchan takes. */
const MAX_NUMBER = '9223372036854775807';

/** Larger ones count as this. */
const MAX_LIMIT = 9007199254740991;

const ZERO = 48;
const NINE = 57;
const POINT = 46;
const UNITS = 'kmg';

/** True for digits with at most so many points. No regex, since njs keeps what each match takes. */
function isNumeric(text: string, maxPoints: number): boolean {
  let points = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === POINT) points++;
    else if (code < ZERO || code > NINE) return false;
  }
  return text.length > 0 && points <= maxPoints;
}

/** Reads a limit of things: digits. @returns undefined for what is none */
export function parseGroupCount(text: string): number | undefined {
  if (!isNumeric(text, 0)) return undefined;
  let zeros = 0;
  while (text.charCodeAt(zeros) === ZERO) zeros++;
  const digits = text.slice(zeros);
  const isTooLarge =
    digits.length > MAX_NUMBER.length || (digits.length === MAX_NUMBER.length && digits > MAX_NUMBER);
  return isTooLarge ? undefined : Math.min(Number(digits), MAX_LIMIT);
}

/** Reads a limit of bytes: digits with at most one point, with `k`, `m` or `g`. @returns undefined for what is none */
export function parseGroupBytes(text: string): number | undefined {
  const last = text.charAt(text.length - 1).toLowerCase();
  const power = last === '' ? 0 : UNITS.indexOf(last) + 1;
  const digits = power > 0 ? text.slice(0, -1) : text;
  if (!isNumeric(digits, 1)) return undefined;
  // As for Nchan, a point alone is nothing.
  const bytes = digits === '.' ? 0 : Number(digits) * 1024 ** power;
  return bytes < Number(MAX_NUMBER) ? Math.min(Math.floor(bytes), MAX_LIMIT) : undefined;
}

/**
 * Reads what the gateway writes: the five limits in their order with commas between them, empty where they stay.
 * @returns undefined for text that is none of this
 */
export function parseGroupLimits(text: string): GroupLimitChanges | undefined {
  const parts = text.split(',');
  if (parts.length !== 5 || !parts.every((part) => /^\d{0,16}$(?!\n)/.test(part))) return undefined;
  const [channels, subscribers, messages, messagesMemory, messagesDisk] = parts.map((part) =>
    part === '' ? undefined : Number(part),
  );
  return {
    ...(channels === undefined ? {} : { channels }),
    ...(subscribers === undefined ? {} : { subscribers }),
    ...(messages === undefined ? {} : { messages }),
    ...(messagesMemory === undefined ? {} : { messagesMemory }),
    ...(messagesDisk === undefined ? {} : { messagesDisk }),
  };
}
