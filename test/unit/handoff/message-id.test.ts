import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatMessageId, formatTags, parseMessageId, parseTags } from '../../../handoff/message-id.ts';

const id = (time: number, tags: number[], active = 0) => ({ time, tags, active });

/** spec/message-ids.md §2.1, its examples with time 595 and its rules one by one. */
const PARSED: readonly (readonly [text: string, expected: ReturnType<typeof id> | undefined])[] = [
  ['1795246421:1', id(1795246421, [1])],
  ['595:0', id(595, [0])],
  ['595:[0]', id(595, [0])],
  ['595:[0],-', id(595, [0, -1])],
  ['595:[0],-1,-1', id(595, [0, -1, -1])],
  ['595: [0], -, -', id(595, [0, -1, -1])],
  ['595:[0', id(595, [0])],
  ['595:', id(595, [0])],
  ['595:[0],0,0', id(595, [0, 0, 0])],
  ['595:[0],,', id(595, [0, 0, 0])],
  ['595:[0],x,y', id(595, [0, 0, 0])],
  ['595:[-],-,-', id(595, [-1, -1, -1])],
  ['595:1,[1],0', id(595, [1, 1, 0], 1)],
  ['595:0,-,[0]', id(595, [0, -1, 0], 2)],
  ['595:"3"', id(595, [3])],
  ['0:0', id(0, [0])],
  ['999999999999999:0', id(999999999999999, [0])],
  ['9999999999999999999999999:0', undefined],
  ['595:0,0,0', undefined],
  ['595:-,-,-', undefined],
  ['595:[0],[0],0', undefined],
  ['595:0]', undefined],
  ['595:[0]],1', undefined],
  ['9007199254740991:0', id(9007199254740991, [0])],
  ['9007199254740992:0', undefined],
  ['-1:0', undefined],
  ['abc:0', undefined],
  ['"595:0"', undefined],
  [':0', undefined],
  ['595', undefined],
  ['', undefined],
];

describe('message ids', () => {
  it.each(PARSED)('%j is read as Nchan reads it', (text, expected) => {
    expect(parseMessageId(text)).toEqual(expected);
  });

  it.each([
    ['"0"', 0],
    ['W/"0"', 0],
    ['null', 0],
    ['-', -1],
    ['-5', -5],
    ['99999999999', 32767],
  ])('a bare tag may be quoted or odd: %s', (text, tag) => {
    expect(parseTags(7, text)).toEqual(id(7, [tag]));
  });

  it('writes single ids without brackets and multiplexed ones with', () => {
    expect(formatMessageId(id(5, [3]))).toBe('5:3');
    expect(formatMessageId(id(5, [0, -1, 2], 2))).toBe('5:0,-,[2]');
    expect(formatTags(id(5, [1, 0], 0))).toBe('[1],0');
  });

  it('reads back every id it writes', () => {
    const ids = fc
      .record({
        time: fc.nat(4102444800),
        tags: fc.array(fc.integer({ min: -1, max: 32767 }), { minLength: 1, maxLength: 8 }),
        active: fc.nat(7),
      })
      .map(({ time, tags, active }) => id(time, tags, active % tags.length));
    fc.assert(
      fc.property(ids, (given) => {
        expect(parseMessageId(formatMessageId(given))).toEqual(given);
      }),
    );
  });

  it('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const parsed = parseMessageId(text) ?? parseTags(1, text);
        if (parsed) expect(parsed.tags[parsed.active]).toBeTypeOf('number');
      }),
      { numRuns: 20_000 },
    );
  });
});
