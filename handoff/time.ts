/** nginx's time syntax: `90`, `1h30m`, `1d 12h`, and for values in milliseconds `500ms` as well. */

const SECOND = 1000;

/** Units in the only order in which nginx takes them, with their milliseconds. */
const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['y', 365 * 24 * 3600 * SECOND],
  ['M', 30 * 24 * 3600 * SECOND],
  ['w', 7 * 24 * 3600 * SECOND],
  ['d', 24 * 3600 * SECOND],
  ['h', 3600 * SECOND],
  ['m', 60 * SECOND],
  ['s', SECOND],
  ['ms', 1],
];

/** Some 31,000 years, still exact. */
const MAX_MS = 1e15;

/** Seconds of a time, or undefined when it is not one; milliseconds (`500ms`) are refused as nginx refuses them. */
export function parseSeconds(text: string): number | undefined {
  const ms = parseTime(text, unitIndex('y'), unitIndex('s'));
  return ms === undefined ? undefined : ms / SECOND;
}

/** Milliseconds of a time, or undefined when it is not one; a number without a unit is seconds. nginx has no years here. */
export function parseMilliseconds(text: string): number | undefined {
  return parseTime(text, unitIndex('w'), unitIndex('ms'));
}

/** Milliseconds of a time in units from the first to the last. */
function parseTime(text: string, first: number, last: number): number | undefined {
  let total = 0;
  let rest = text;
  let next = first;
  while (rest !== '') {
    const part = /^(\d{1,12})(ms|[yMwdhms]?) */.exec(rest);
    if (!part) return undefined;
    rest = rest.slice((part[0] as string).length);
    // A bare number means seconds and ends the value; it may not stand for a unit that was already given.
    if (part[2] === '' && rest !== '') return undefined;
    const index = unitIndex(part[2] || 's');
    if (index < next || index > last) return undefined;
    next = index + 1;
    total += Number(part[1]) * (UNITS[index] as readonly [string, number])[1];
    if (total > MAX_MS) return undefined;
  }
  return text === '' ? undefined : total;
}

function unitIndex(unit: string): number {
  for (let i = 0; i < UNITS.length; i++) {
    if ((UNITS[i] as readonly [string, number])[0] === unit) return i;
  }
  return -1;
}
