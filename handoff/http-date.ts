/** HTTP dates, both ways, in the three forms of RFC 9110 §5.6.7. Neither side's engine parses all of them itself. */

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS_BEFORE_MONTH = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

/** `Sun, 06 Nov 1994 08:49:37 GMT` and, with dashes and a two-digit year, RFC 850's form. */
const FIXDATE = /^\w+, *(\d{1,2})[ -](\w{3})[ -](\d{4}|\d{2}) +(\d{2}):(\d{2}):(\d{2})(?: +GMT)?$(?!\n)/;
/** C's asctime: `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = /^\w{3} (\w{3}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2}) (\d{4})$(?!\n)/;

function isLeap(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Unix seconds of a UTC date given in text, or undefined when no such moment exists. */
function seconds(
  year: string,
  month: string,
  day: string,
  hour: string,
  min: string,
  sec: string,
): number | undefined {
  const monthIndex = MONTHS.indexOf(month);
  let y = Number(year);
  if (year.length === 2) y += y < 70 ? 2000 : 1900;
  const d = Number(day);
  const h = Number(hour);
  const m = Number(min);
  const s = Number(sec);
  if (monthIndex < 0 || y < 1970 || h > 23 || m > 59 || s > 60) return undefined;
  const nextMonthStart = monthIndex === 11 ? 365 : (DAYS_BEFORE_MONTH[monthIndex + 1] as number);
  const monthLength =
    nextMonthStart - (DAYS_BEFORE_MONTH[monthIndex] as number) + (monthIndex === 1 && isLeap(y) ? 1 : 0);
  if (d < 1 || d > monthLength) return undefined;

  const y1 = y - 1;
  const leapDays = Math.floor(y1 / 4) - Math.floor(y1 / 100) + Math.floor(y1 / 400) - 477; // since 1970
  const leapThisYear = monthIndex > 1 && isLeap(y) ? 1 : 0;
  const days =
    (y - 1970) * 365 + leapDays + (DAYS_BEFORE_MONTH[monthIndex] as number) + leapThisYear + (d - 1);
  return days * 86400 + h * 3600 + m * 60 + s;
}

/** Unix seconds of an HTTP date, or undefined when the text is not one (or is before 1970). */
export function parseHttpDate(text: string): number | undefined {
  const fix = FIXDATE.exec(text);
  if (fix) {
    return seconds(
      fix[3] as string,
      fix[2] as string,
      fix[1] as string,
      fix[4] as string,
      fix[5] as string,
      fix[6] as string,
    );
  }
  const asc = ASCTIME.exec(text);
  if (asc) {
    return seconds(
      asc[6] as string,
      asc[1] as string,
      asc[2] as string,
      asc[3] as string,
      asc[4] as string,
      asc[5] as string,
    );
  }
  return undefined;
}

/** The last second whose year has the four digits of an HTTP date. */
const END_OF_9999 = 253402300799;

/** `Sun, 06 Nov 1994 08:49:37 GMT` for Unix seconds; later ones than the year 9999 are its end. */
export function formatHttpDate(unixSeconds: number): string {
  return new Date(Math.min(unixSeconds, END_OF_9999) * 1000).toUTCString();
}
