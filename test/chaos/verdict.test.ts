/** The judge of the fault tests must see each kind of wrong, and nothing else. */
import { describe, expect, it } from 'vitest';
import { faultsOfChannel } from './verdict.ts';

const fates = (accepted: string, unknown = '') => ({
  fates: new Map(
    [...accepted].sort().map((body) => [body, unknown.includes(body) ? 'unknown' : 'accepted'] as const),
  ),
});
const got = (...all: string[]) => all.map((bodies, place) => ({ who: `s${place}`, bodies: [...bodies] }));

describe('what the subscribers of a channel got', () => {
  it.each([
    ['everything', ['abc12', '1ab2c'], 1, []],
    ['everything in one order', ['a1bc2', 'a1bc2'], 0, []],
    ['no message of unknown fate', ['a12', 'a12'], 0, ['bc']],
    ['one of them', ['ab12', 'ab12'], 0, ['bc']],
    ['too little', ['ab12'], 1, []],
    ['a message twice', ['abbc12'], 1, []],
    ['one of unknown fate twice', ['abbc12'], 1, ['bc']],
    ['what nobody sent', ['abc12x'], 1, []],
    ['a publisher’s messages the wrong way round', ['acb12'], 1, []],
  ])('%s', (_, lists, count, unknown) => {
    const publishers = [fates('abc', unknown.join('')), fates('12')];
    expect(faultsOfChannel(publishers, got(...lists))).toHaveLength(count);
  });
});
