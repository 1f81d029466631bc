/** What the cases about several channels share: channels a, b and c of `/multi-sub/`, `/multi-poll/` and others. */
import type { Step } from '../case.ts';
import { feed, nextSecond, through } from '../steps.ts';

/** Publishes to one of the channels. */
export const on = (channel: string, body: string, as?: string): Step => feed(body, `{c}-${channel}`, as);
/** A message by which a reader recognises that all before it has come. */
export const LAST = 'last-message';
/** Reads one event. */
export const event = (name: string, as?: string): Step => through(name, '\n\n', as);

/** Publishes in the order of the letters, `|` being the next second. */
export const sequence = (letters: string): readonly Step[] =>
  [...letters].map((letter, at) => (letter === '|' ? nextSecond : on(letter, `${letter}${at}`)));
/** How many messages a sequence has. */
export const count = (letters: string): number => letters.replaceAll('|', '').length;

/** The list's locations. */
export const MULTI_LOCATIONS: Readonly<Record<string, string>> = {
  'multi-pub': 'nchan_publisher http; nchan_channel_id $1-a $1-b $1-c;',
  'multi-sub': 'nchan_subscriber; nchan_channel_id $1-a $1-b $1-c;',
  'multi-poll': 'nchan_subscriber poll; nchan_channel_id $1-a $1-b $1-c;',
};
