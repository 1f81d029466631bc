/** What each subscriber had to get. */
import type { Publisher } from './publisher.ts';

/** What one subscriber of a channel got. */
export interface Received {
  readonly who: string;
  readonly bodies: readonly string[];
}

/** So many of a kind are named; a count stands for the rest. */
const MAX_NAMED = 5;

const named = (bodies: readonly string[]): string =>
  bodies.length > MAX_NAMED
    ? `${bodies.slice(0, MAX_NAMED).join(' ')} … (${bodies.length})`
    : bodies.join(' ');

/**
 * What is wrong with what the subscribers of one channel got: accepted messages must have come once, others at most
 * once, those of one publisher in its order, and all in the same order to everybody.
 * @param publishers all that sent to the channel
 */
export function faultsOfChannel(
  publishers: readonly Pick<Publisher, 'fates'>[],
  subscribers: readonly Received[],
): string[] {
  const places = new Map<string, readonly [publisher: number, place: number]>();
  const accepted: string[] = [];
  publishers.forEach(({ fates }, publisher) => {
    let place = 0;
    for (const [body, fate] of fates) {
      places.set(body, [publisher, place++]);
      if (fate === 'accepted') accepted.push(body);
    }
  });
  const faults: string[] = [];
  for (const { who, bodies } of subscribers) {
    const tell = (what: string, which: readonly string[]): void => {
      if (which.length > 0) faults.push(`${who}: ${what}: ${named(which)}`);
    };
    const got = new Set(bodies);
    tell(
      'never came',
      accepted.filter((body) => !got.has(body)),
    );
    tell(
      'came again',
      bodies.filter((body, place) => bodies.indexOf(body) !== place),
    );
    tell(
      'nobody sent',
      bodies.filter((body) => !places.has(body)),
    );
    const last = publishers.map(() => -1);
    tell(
      'came after a later one',
      bodies.filter((body) => {
        const [publisher, place] = places.get(body) ?? [-1, 0];
        if (publisher < 0) return false;
        const late = place < (last[publisher] as number);
        last[publisher] = Math.max(place, last[publisher] as number);
        return late;
      }),
    );
  }
  return [...faults, ...differentOrders(subscribers)];
}

/** Whether what two subscribers both got came to them in the same order. */
function differentOrders([first, ...others]: readonly Received[]): string[] {
  if (!first) return [];
  const places = new Map(first.bodies.map((body, place) => [body, place]));
  return others.flatMap(({ who, bodies }) => {
    let last = -1;
    const wrong = bodies.filter((body) => {
      const place = places.get(body);
      if (place === undefined) return false;
      const late = place < last;
      last = place;
      return late;
    });
    return wrong.length > 0 ? [`${who} and ${first.who} got in another order: ${named(wrong)}`] : [];
  });
}
