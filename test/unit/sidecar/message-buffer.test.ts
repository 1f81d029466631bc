import { describe, expect, it } from 'vitest';
import { MessageBuffer } from '../../../sidecar/store/memory/message-buffer.ts';
import { messageOf } from '../../support/deliveries.ts';

const message = (tag: number) => messageOf('', { id: { time: 1, tag } });

describe('the numbers of a buffer', () => {
  it('stay with their messages while older ones leave', () => {
    const buffer = new MessageBuffer(() => {});
    for (let tag = 0; tag < 100; tag++) {
      buffer.push(message(tag));
      buffer.trim(7);
      expect(buffer.numberAfter({ time: 1, tag: tag - 1 })).toBe(tag);
      expect(buffer.at(tag - buffer.firstNumber)?.id.tag).toBe(tag);
    }
    expect(buffer.firstNumber).toBe(93);
  });

  it('are those of the message to come when nothing is after an id', () => {
    const buffer = new MessageBuffer(() => {});
    expect(buffer.numberAfter({ time: 1, tag: 5 })).toBe(0);
    buffer.push(message(0));
    buffer.clear();
    expect([buffer.firstNumber, buffer.numberAfter({ time: 0, tag: 0 })]).toEqual([1, 1]);
  });
});
