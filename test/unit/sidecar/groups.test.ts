import { describe, expect, it } from 'vitest';
import { Groups, groupOfChannel } from '../../../sidecar/store/groups.ts';

const NOTHING = { channels: 0, subscribers: 0, messages: 0, messagesMemory: 0, messagesDisk: 0 };

function populate(groups: Groups, ...channels: string[]): void {
  for (const channel of channels) groups.ofNewChannel(channel).channelCame();
}

describe('groups', () => {
  it.each([
    ['g/id', 'g'],
    ['/id', ''],
    ['g/id/with/slashes', 'g'],
    ['%2F/id', '%2F'],
  ])('the channel %s is in the group %j', (channel, group) => {
    expect(groupOfChannel(channel)).toBe(group);
  });

  it('a group nobody knows has nothing, and is not remembered for being asked about', () => {
    const groups = new Groups();
    expect(groups.figures('g')).toEqual({ ...NOTHING, messagesDisk: undefined, limits: NOTHING });
    expect(groups.find('g')).toBeUndefined();
    expect(groups.size).toBe(0);
  });

  it('a group without limits goes with its last channel', () => {
    const groups = new Groups();
    populate(groups, 'g/a', 'g/b');
    groups.find('g')?.channelLeft();
    expect(groups.size).toBe(1);
    groups.find('g')?.channelLeft();
    expect(groups.size).toBe(0);
  });

  it('stays while subscribers are still being told that their channel has gone', () => {
    const groups = new Groups();
    populate(groups, 'g/a');
    const group = groups.find('g');
    group?.subscriberCame();
    group?.channelLeft();
    expect(groups.figures('g').subscribers).toBe(1);
    group?.subscribersLeft(1);
    expect(groups.size).toBe(0);
  });

  it('names of those that requests have limited take so many bytes together, and no more', () => {
    const forgotten: string[] = [];
    const groups = new Groups({ forgotten: (name) => forgotten.push(name), maxIdleOtherBytes: 100 });
    const name = (i: number): string => String(i).repeat(30);
    for (let i = 1; i <= 4; i++) groups.limit(name(i), { messages: 5 }, false);
    groups.limit('x'.repeat(200), { messages: 5 }, true);
    expect(forgotten).toEqual([name(1)]);
    populate(groups, `${name(2)}/a`);
    groups.limit('y'.repeat(40), { messages: 5 }, false);
    expect(forgotten).toEqual([name(1)]);
    groups.find(name(2))?.channelLeft();
    expect(forgotten).toEqual([name(1), name(3)]);
    groups.limit('z'.repeat(200), { messages: 5 }, false);
    // Its limits are to hold for the request that set them.
    expect(groups.find('z'.repeat(200))).toBeDefined();
    expect(groups.size).toBe(2);
  });

  it('limits outlive the channels', () => {
    const groups = new Groups();
    populate(groups, 'g/a');
    groups.limit('g', { messages: 5 }, true);
    groups.find('g')?.channelLeft();
    expect(groups.figures('g').limits).toEqual({ ...NOTHING, messages: 5 });
  });

  it('limits are set one by one, and the group goes when the last is taken away', () => {
    const groups = new Groups();
    groups.limit('g', { messages: 5, channels: 3 }, true);
    groups.limit('g', { channels: 0 }, true);
    expect(groups.figures('g').limits).toEqual({ ...NOTHING, messages: 5 });
    groups.limit('g', { messages: 0 }, true);
    expect(groups.size).toBe(0);
    groups.limit('never', { messages: 0 }, false);
    expect(groups.size).toBe(0);
  });

  it('limits of groups without channels are bounded: those limited longest ago are forgotten, and it is told', () => {
    const forgotten: string[] = [];
    const groups = new Groups({ maxIdleOthers: 2, forgotten: (name) => forgotten.push(name) });
    for (const name of ['a', 'b', 'a', 'c']) groups.limit(name, { channels: 1 }, false);
    expect(forgotten).toEqual(['b']);
    expect(groups.find('b')).toBeUndefined();
    expect(groups.size).toBe(2);
  });

  it('limits of groups with channels are not among them', () => {
    const groups = new Groups({ maxIdleOthers: 1 });
    populate(groups, 'a/x');
    for (const name of ['a', 'b', 'c']) groups.limit(name, { channels: 1 }, false);
    expect(groups.figures('a').limits.channels).toBe(1);
    expect(groups.size).toBe(2);
    groups.find('a')?.channelLeft();
    expect(groups.size).toBe(1);
  });

  it('what requests limit does not push out what an administrator did', () => {
    const groups = new Groups({ maxIdlePosted: 1, maxIdleOthers: 1 });
    groups.limit('posted', { channels: 1 }, true);
    for (const name of ['posted', 'a', 'b']) groups.limit(name, { channels: 1 }, false);
    expect(groups.find('posted')).toBeDefined();
    groups.limit('other', { channels: 1 }, true);
    expect(groups.find('posted')).toBeUndefined();
  });
});
