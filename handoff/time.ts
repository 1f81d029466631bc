/** nginx's time syntax for values in seconds: `90`, `1h30m`, `1d 12h`. */

/** Units in the only order in which nginx takes them, with their seconds. */
const UNITS: readonly (readonly [unit: string, seconds: number])[] = [
  ['y', 365 * 24 * 3600],
  ['M', 30 * 24 * 3600],
  ['w', 7 * 24 * 3600],
  ['d', 24 * 3600],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
];

/** Some 31,000 years, still exact in milliseconds. */
const MAX_SECONDS = 1e12;

/** Seconds of a time, or undefined when it is not one; milliseconds (`500ms`) are refused as nginx refuses them. */
export function parseSeconds(text: string): number | undefined {
  let total = 0;
  let rest = text;
  let next = 0;
  while (rest !== '') {
    const part = /^(\d{1,12})([yMwdhms]?) */.exec(rest);
    if (!part) return undefined;
    const value = Number(part[1]);
    rest = rest.slice((part[0] as string).length);
    if (part[2] === '') {
      // A bare number means seconds and ends the value; it may not stand for a unit that was already given.
      if (rest !== '' || next >= UNITS.length) return undefined;
      total += value;
    } else {
      const index = unitIndex(part[2] as string);
      if (index < next) return undefined;
      next = index + 1;
      total += value * (UNITS[index] as readonly [string, number])[1];
    }
    if (total > MAX_SECONDS) return undefined;
  }
  return text === '' ? undefined : total;
}

function unitIndex(unit: string): number {
  for (let i = 0; i < UNITS.length; i++) {
    if ((UNITS[i] as readonly [string, number])[0] === unit) return i;
  }
  return -1;
}
