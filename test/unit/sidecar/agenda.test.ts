import { beforeEach, describe, expect, it } from 'vitest';
import { Agenda, type Filed } from '../../../sidecar/store/memory/agenda.ts';

class Entry implements Filed {
  dueSecond: number | undefined;
}

const ALL = Number.POSITIVE_INFINITY;

describe('the agenda', () => {
  let attended: Entry[];
  let agenda: Agenda<Entry>;
  beforeEach(() => {
    attended = [];
    agenda = new Agenda<Entry>(1500, (entry) => void attended.push(entry));
  });
  const sweep = (nowMs: number, steps = ALL): number => {
    agenda.dueUntil(nowMs);
    return agenda.slice(steps);
  };

  it('attends to each entry when its second is over, not before, and once', () => {
    const [soon, late, past] = [new Entry(), new Entry(), new Entry()];
    agenda.file(late, 5001);
    agenda.file(soon, 2000);
    agenda.file(past, 0);
    expect(sweep(1999)).toBe(0);
    sweep(2000);
    expect(new Set(attended)).toEqual(new Set([soon, past]));
    expect(sweep(5999)).toBe(0);
    expect(sweep(6000)).toBe(1);
    expect(attended[2]).toBe(late);
    expect(sweep(100_000)).toBe(0);
    expect(agenda.size).toBe(0);
  });

  it('keeps one entry each, for the sooner time', () => {
    const entry = new Entry();
    for (const atMs of [9000, 4000, 7000]) agenda.file(entry, atMs);
    expect(agenda.size).toBe(1);
    sweep(4000);
    expect(attended).toEqual([entry]);
    expect([entry.dueSecond, agenda.size]).toEqual([undefined, 0]);
  });

  it('attends in slices, and takes what is filed meanwhile for later', () => {
    const entries = Array.from({ length: 10 }, () => new Entry());
    for (const entry of entries) agenda.file(entry, 2000);
    expect(sweep(2000, 4)).toBe(4);
    agenda.file(attended[0] as Entry, 2000);
    agenda.file(entries[9] as Entry, 1000);
    expect(agenda.slice(4)).toBe(4);
    expect(agenda.slice(4)).toBe(2);
    expect(attended).toEqual(entries);
    expect(agenda.size).toBe(1);
    sweep(3000);
    expect(attended).toEqual([...entries, entries[0]]);
  });

  it('may be filed into while it attends, also for now', () => {
    const again = new Entry();
    const busy: Agenda<Entry> = new Agenda<Entry>(0, (entry) => {
      attended.push(entry);
      busy.file(entry, 0);
    });
    busy.file(again, 0);
    for (let second = 1; second <= 3; second++) {
      busy.dueUntil(second * 1000);
      expect(busy.slice(ALL)).toBe(1);
    }
    expect(attended).toHaveLength(3);
  });
});
