import { describe, expect, it } from 'vitest';
import type { MessageId } from '../../../sidecar/store/message.ts';
import type { RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import { Renumbering } from '../../../sidecar/store/redis/renumbering.ts';

const id = (text: string): MessageId => {
  const [time, tag] = text.split(':').map(Number) as [number, number];
  return { time, tag };
};
const message = (own: string, previous = '0:0'): RedisMessage => ({
  id: id(own),
  previous: id(previous),
  ttlSeconds: 60,
  data: Buffer.from(own),
  contentType: '',
  eventsourceEvent: '',
  compressed: false,
});
const text = (taken: RedisMessage | undefined) => taken && `${taken.id.time}:${taken.id.tag}`;

/** Announces messages, `+` for the first of a channel; gives the ids that they have here. */
function announce(renumbering: Renumbering, newest: string, ...announced: string[]): (string | undefined)[] {
  let last = newest;
  return announced.map((own) => {
    const first = own.startsWith('+');
    const one = message(own.replace('+', ''), first ? '0:0' : '1:0');
    renumbering.beginsAnew(one, first, id(last));
    const taken = text(renumbering.take(one, id(last)));
    last = taken ?? last;
    return taken;
  });
}

describe('messages of a channel that Redis has lost', () => {
  it('have the next ids of the second until those of Redis are later', () => {
    const ids = announce(new Renumbering(), '7:3', '7:4', '+7:0', '7:1', '7:2', '8:0', '8:1', '+8:0');
    expect(ids).toEqual(['7:4', '7:5', '7:6', '7:7', '8:0', '8:1', '8:2']);
  });

  it('are told from those that came before', () => {
    const renumbering = new Renumbering();
    expect(announce(renumbering, '7:3', '7:3', '7:2')).toEqual([undefined, undefined]);
    expect(announce(renumbering, '7:3', '+7:0', '7:0', '7:1', '7:1')).toEqual([
      '7:4',
      undefined,
      '7:5',
      undefined,
    ]);
  });

  it('are told from those that were read and are then announced', () => {
    const renumbering = new Renumbering();
    renumbering.hasRead(id('7:3'));
    expect(announce(renumbering, '7:3', '+7:0', '7:1', '7:3', '7:4', '+7:0')).toEqual([
      undefined,
      undefined,
      undefined,
      '7:4',
      '7:5',
    ]);
  });

  it('may be lost again and again', () => {
    const ids = announce(new Renumbering(), '7:1', '+7:0', '7:1', '+7:0', '7:1', '+7:0');
    expect(ids).toEqual(['7:2', '7:3', '7:4', '7:5', '7:6']);
  });

  it('go on in the next second when a second has no more ids', () => {
    expect(announce(new Renumbering(), '7:32767', '+7:0', '7:1')).toEqual(['8:0', '8:1']);
  });
});
