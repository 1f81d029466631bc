/** What a server answered in a case, with everything taken out that differs from one run to the next. */
import { parseResponse } from '../support/raw-http.ts';

/** The answers of a case in order; `failure` says what never came. */
export interface Transcript {
  readonly entries: readonly string[];
  readonly failure?: string;
  /** How many different seconds the message ids in the answers have. */
  readonly seconds: number;
}

/** Seconds around now that are taken for times of messages; others are literals of the case. */
const NEAR_SECONDS = 3600;
const UNIX_TIME = /(?<!\d)\d{10}(?!\d)/g;
const HTTP_DATE = /\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g;
const VOLATILE_HEADER = /^(Date|Server):/;
const BOUNDARY = /boundary=([./0-9A-Za-z]{32})(?=\r|\n|$)/g;
/** Seconds since the last request, in the four formats; -1 means never and stays. */
/** Memory that the messages of a group take, in the four formats; 0 stays. The limit is indented further. */
const MEMORY =
  /(shared memory used by messages: |(?:^|\n)(?: {2})?(?:"messages_memory": |<messages_memory>|messages_memory: ))[1-9]\d*/g;
const REQUESTED = /((?:last requested: |"requested": |<requested>|\brequested: ))\d/g;

const isNear = (seconds: number): boolean => Math.abs(seconds - Date.now() / 1000) < NEAR_SECONDS;

/**
 * Headers that every answer of a kind has otherwise, as docs/differences.md says. They are left out, so that the rest of
 * these answers can be compared; one case with `everyHeader` shows each difference.
 */
const UNIVERSAL: readonly { readonly answers: (head: string) => boolean; readonly header: RegExp }[] = [
  { answers: (head) => head.includes(' 101 '), header: /^Content-Length:/ },
  {
    answers: (head) => !head.includes(' 101 ') && !head.includes('\r\nContent-Length:'),
    header: /^Connection:/,
  },
];

/** A head with its headers sorted and without the volatile ones. */
function normaliseHead(head: string, everyHeader: boolean): string {
  const leftOut = everyHeader ? [] : UNIVERSAL.filter(({ answers }) => answers(head));
  const [status = '', ...lines] = head.split('\r\n');
  const kept = lines.filter(
    (line) => !VOLATILE_HEADER.test(line) && !leftOut.some(({ header }) => header.test(line)),
  );
  return [status, ...kept.sort()].join('\n');
}

/**
 * An answer with its heads normalised: text that begins with a head, or several whole responses after each other.
 * @param closed - the server closed after it
 */
export function normaliseHeads(bytes: Buffer, closed: boolean, everyHeader: boolean): string {
  const text = bytes.toString('latin1');
  const headEnd = text.indexOf('\r\n\r\n');
  if (!text.startsWith('HTTP/1.') || headEnd < 0) return text;
  const head = normaliseHead(text.slice(0, headEnd), everyHeader);
  const end = parseResponse(bytes, { closed })?.bytes.length ?? bytes.length;
  const body = bytes.toString('latin1', headEnd + 4, end);
  const next = end < bytes.length ? `\n${normaliseHeads(bytes.subarray(end), closed, everyHeader)}` : '';
  return `${head}\n\n${body}${next}`;
}

/** What came while a case was played. */
export interface Played {
  /** What is compared. */
  readonly entries: readonly string[];
  /** Everything. */
  readonly answers: readonly string[];
}

/** Replaces what is volatile by names that keep which of them are equal and which is earlier: T0, T1, … */
export function normalise({ entries, answers }: Played, channel: string, failure?: string): Transcript {
  const all = answers.join('\n');
  const times = new Set<number>();
  for (const [time] of all.matchAll(UNIX_TIME)) if (isNear(Number(time))) times.add(Number(time));
  for (const [date] of all.matchAll(HTTP_DATE)) {
    if (isNear(Date.parse(date) / 1000)) times.add(Date.parse(date) / 1000);
  }
  const order = [...times].sort((a, b) => a - b);
  const name = (seconds: number, literal: string, prefix: string): string => {
    const at = order.indexOf(seconds);
    return at < 0 ? literal : `${prefix}${at}`;
  };
  const boundaries = Array.from(all.matchAll(BOUNDARY), ([, boundary]) => boundary as string);

  const normalised = entries.map((entry) => {
    const plain = boundaries.reduce((text, boundary) => text.replaceAll(boundary, 'BOUNDARY'), entry);
    return plain
      .replaceAll(channel, '{c}')
      .replace(UNIX_TIME, (time) => name(Number(time), time, 'T'))
      .replace(HTTP_DATE, (date) => name(Date.parse(date) / 1000, date, 'date of T'))
      .replace(REQUESTED, '$1N')
      .replace(MEMORY, '$1N');
  });
  return {
    entries: normalised,
    seconds: order.length,
    ...(failure === undefined ? {} : { failure }),
  };
}
