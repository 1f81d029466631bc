/** The judge of the races must see each kind of wrong, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { Moment, Publication } from './ledger.ts';
import { faultsOf, History, type Visit } from './verdict.ts';

const SECOND_MS = 1000;
const FOREVER_SECONDS = 1_000_000;

const moment = (tick: number): Moment => ({ tick, ms: tick * SECOND_MS });

/** Message number N is sent at tick 10 N and answered five ticks later; one tick is one second. */
function published(limits: readonly Partial<Publication>[], channel = 'a'): Publication[] {
  return limits.map((limit, number) => ({
    channel,
    body: `${channel}${number}`,
    length: 100,
    timeoutSeconds: FOREVER_SECONDS,
    begun: moment(number * 10),
    answered: moment(number * 10 + 5),
    id: { time: 1, tag: number },
    ...limit,
  }));
}

const six = (length = 100): Publication[] => published(Array.from({ length: 6 }, () => ({ length })));

/** Asked at a tick, and got these messages at another. */
const visit = (asked: number, at: number, ...bodies: string[]): Visit => ({
  asked: moment(asked),
  arrivals: bodies.map((body) => ({ body, at: moment(at) })),
});

const faults = (publications: readonly Publication[], visits: readonly Visit[], resumes = true) =>
  faultsOf([new History(publications)], visits, resumes);

describe('what one subscriber got', () => {
  it.each<[string, Publication[], Visit[], number]>([
    ['everything on one visit', six(), [visit(0, 99, 'a0', 'a1', 'a2', 'a3', 'a4', 'a5')], 0],
    ['everything on several', six(), [visit(0, 9, 'a0'), visit(20, 21), visit(60, 99, 'a1', 'a2')], 0],
    ['a message twice', six(), [visit(0, 99, 'a0', 'a1', 'a1')], 1],
    ['a message again after it came back', six(), [visit(0, 99, 'a0', 'a1'), visit(99, 99, 'a1')], 1],
    ['two the wrong way round', six(), [visit(0, 99, 'a1', 'a0')], 2],
    ['a gap on one visit', six(1), [visit(0, 99, 'a0', 'a2')], 1],
    ['a gap though the buffer is long', six(), [visit(0, 9, 'a0'), visit(99, 99, 'a2')], 1],
    ['a message that nobody sent', six(), [visit(0, 99, 'a0', 'b0')], 1],
    ['the oldest that a short buffer has', six(2), [visit(0, 9, 'a0'), visit(99, 99, 'a4', 'a5')], 0],
    ['less than a short buffer has', six(2), [visit(0, 9, 'a0'), visit(99, 99, 'a5')], 1],
    ['more than a short buffer has', six(2), [visit(0, 9, 'a0'), visit(99, 99, 'a3')], 1],
    ['what the buffer had while it asked', six(2), [visit(0, 9, 'a0'), visit(29, 99, 'a2')], 0],
    ['what the buffer will have', six(2), [visit(0, 9, 'a0'), visit(26, 29, 'a3')], 1],
    ['a live message that no buffer keeps', six(0), [visit(0, 9, 'a0'), visit(26, 39, 'a3', 'a4')], 0],
  ])('%s', (_, publications, visits, count) => {
    expect(faults(publications, visits)).toHaveLength(count);
  });

  it('may lack what the buffer lost before it was read, and begin in the middle of that', () => {
    const late = (...visits: Visit[]) => faultsOf([new History(six(2), true)], visits, true);
    expect(late(visit(0, 9, 'a0'), visit(26, 99, 'a3', 'a4'))).toEqual([]);
    expect(late(visit(0, 9, 'a0'), visit(26, 29, 'a3', 'a4'))).toHaveLength(1);
    expect(late(visit(0, 9, 'a0'), visit(26, 99, 'a5'))).toHaveLength(1);
    expect(late(visit(0, 99, 'a0', 'a3', 'a4'))).toEqual([]);
    expect(late(visit(0, 99, 'a0', 'a5'))).toHaveLength(1);
    expect(late(visit(0, 99, 'a0', 'a2', 'a4'))).toHaveLength(1);
  });

  it('may come again only to those who cannot resume', () => {
    const visits = [visit(0, 99, 'a0', 'a1'), visit(99, 99, 'a0', 'a1')];
    expect(faults(six(), visits, false)).toEqual([]);
    expect(faults(six(), visits, true)).not.toEqual([]);
  });

  it('may lack what expired, but not what an older message kept', () => {
    const short = { timeoutSeconds: 20 };
    const visits = [visit(90, 99, 'a2')];
    expect(faults(published([short, short, {}]), visits)).toEqual([]);
    expect(faults(published([{}, short, {}]), visits)).not.toEqual([]);
    expect(faults(published([short, short, {}]), [visit(26, 29, 'a2')])).not.toEqual([]);
    const resumed = [visit(0, 9, 'a0'), ...visits];
    expect(faults(published([{}, short, {}]), resumed)).not.toEqual([]);
  });

  it('of several channels is judged for each, and by the seconds for all', () => {
    const next = { time: 2, tag: 0 };
    const histories = [published([{}, { id: next }]), published([{}], 'b')].map((list) => new History(list));
    const got = (...bodies: string[]) => faultsOf(histories, [visit(0, 99, ...bodies)], true);
    expect(got('b0', 'a0', 'a1')).toEqual([]);
    expect(got('a0', 'b0', 'a1')).toEqual([]);
    expect(got('a0', 'a1', 'b0')).toHaveLength(1);
  });
});

describe('the order of the ids', () => {
  it('is that of the messages, and no id is given twice', () => {
    expect(new History(six()).faults()).toEqual([]);
    const [first, ...others] = six() as [Publication, ...Publication[]];
    expect(new History([...others, first]).faults()).not.toEqual([]);
    expect(new History(published([{}, { id: { time: 1, tag: 0 } }])).faults()).toHaveLength(1);
  });

  it('is free where messages were on their way at the same time', () => {
    const together = { begun: moment(0), answered: moment(50) };
    const [one, two] = published([together, together]) as [Publication, Publication];
    expect(new History([two, one]).faults()).toEqual([]);
  });
});
