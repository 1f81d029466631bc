/**
 * Long work in slices, one slice a turn of the event loop however many have some to do, so that many subscribers that
 * read the buffers at once hold up the rest no longer than one does.
 */
const waiting: (() => void)[] = [];

/** Calls `slice` in a later turn, after those that wait already. */
export function inLaterTurn(slice: () => void): void {
  waiting.push(slice);
  if (waiting.length === 1) setImmediate(runOne);
}

function runOne(): void {
  const slice = waiting[0] as () => void;
  try {
    slice();
  } finally {
    waiting.shift();
    if (waiting.length > 0) setImmediate(runOne);
  }
}
