import { describe, expect, it } from 'vitest';
import { parseMessageId } from '../../../handoff/message-id.ts';
import { formatSubscriptionId, type MessageId } from '../../../sidecar/store/message.ts';
import { Position } from '../../../sidecar/store/position.ts';

const at = (time: number, tag: number): MessageId => ({ time, tag });
const named = (text: string, channels: number): Position => {
  const id = parseMessageId(text);
  if (!id) throw new Error(`${text} is no id`);
  return Position.of(id, channels);
};
/** The id after a message of the channel at `index`. */
const idAfter = (position: Position, index: number, id: MessageId): string => {
  position.advance(index, id);
  return formatSubscriptionId(position.id(index));
};

describe('a position in several channels', () => {
  it('gives ids with the tags of all that was seen in their second', () => {
    const position = Position.after([undefined, undefined, undefined]);
    expect(idAfter(position, 1, at(7, 0))).toBe('7:-,[0],-');
    expect(idAfter(position, 0, at(7, 0))).toBe('7:[0],0,-');
    expect(idAfter(position, 1, at(7, 1))).toBe('7:0,[1],-');
  });

  it('forgets the others in a new second', () => {
    const position = Position.after([at(7, 3), at(7, 1), at(5, 0)]);
    expect(idAfter(position, 2, at(8, 0))).toBe('8:-,-,[0]');
  });

  it('keeps the tags of the second in which it was made', () => {
    const position = Position.after([at(7, 3), at(7, 1), at(5, 0)]);
    expect(idAfter(position, 2, at(7, 0))).toBe('7:3,1,[0]');
  });

  it('takes in the channels whose start is in the second that it enters', () => {
    const position = Position.after([at(7, 3), at(8, 1), at(9, 0)]);
    expect(idAfter(position, 0, at(8, 0))).toBe('8:[0],1,-');
    expect(idAfter(position, 1, at(9, 0))).toBe('9:-,[0],0');
  });

  it.each([
    ['7:2,[0],-', [at(7, 2), at(7, 0), at(6, 32767)]],
    ['7:[2]', [at(7, 2), at(6, 32767), at(6, 32767)]],
    ['0:-,[0],-', [at(0, -1), at(0, 0), at(0, -1)]],
  ])('is read from the id %s', (text, expected) => {
    const position = named(text, 3);
    expect([0, 1, 2].map((index) => position.channelPosition(index))).toEqual(expected);
  });

  it('goes on from an id that a client names', () => {
    expect(idAfter(named('7:2,[0],-', 3), 2, at(7, 0))).toBe('7:2,0,[0]');
    expect(idAfter(named('7:2,[0],-', 3), 2, at(8, 0))).toBe('8:-,-,[0]');
  });
});

describe('a position in one channel', () => {
  it('is the id of the last message', () => {
    expect(idAfter(named('7:2', 1), 0, at(7, 3))).toBe('7:3');
    expect(named('7:-', 1).channelPosition(0)).toEqual(at(7, -1));
  });
});
