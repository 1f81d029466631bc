/** The file from which nginx takes $nchan_stub_status_… */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StubFigures } from '../../../handoff/nchan-variables.ts';
import { FiguresFile } from '../../../sidecar/statistics/figures-file.ts';
import { tempDir } from '../../support/files.ts';

let directory: string;
let lines: string[];
let channels: number;
let figures: FiguresFile;
beforeEach(() => {
  vi.useFakeTimers();
  directory = tempDir();
  lines = [];
  channels = 1;
  const log = pino({}, { write: (line: string) => void lines.push(line) });
  figures = new FiguresFile(log, () => ({ channels }) as unknown as StubFigures);
});
afterEach(() => {
  figures.close();
  vi.useRealTimers();
});

const read = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));

describe('the file of figures', () => {
  it('is there at once, for nobody else, and follows once a second', () => {
    const file = join(directory, 'figures');
    figures.configure(file);
    expect(read(file)).toEqual({ channels: 1 });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    channels = 2;
    vi.advanceTimersByTime(999);
    expect(read(file)).toEqual({ channels: 1 });
    vi.advanceTimersByTime(1);
    expect(read(file)).toEqual({ channels: 2 });
    expect(readdirSync(directory)).toEqual(['figures']);
  });

  it('is not written anew while nothing changes', () => {
    const file = join(directory, 'figures');
    figures.configure(file);
    const { ino } = statSync(file);
    figures.configure(file);
    vi.advanceTimersByTime(5_000);
    expect(statSync(file).ino).toBe(ino);
  });

  it('comes back when somebody removes it', () => {
    const file = join(directory, 'figures');
    figures.configure(file);
    rmSync(file);
    vi.advanceTimersByTime(1_000);
    expect(read(file)).toEqual({ channels: 1 });
  });

  it('goes when no variable uses it any more', () => {
    const file = join(directory, 'figures');
    figures.configure(file);
    figures.configure(undefined);
    vi.advanceTimersByTime(5_000);
    expect(existsSync(file)).toBe(false);
  });

  it('that cannot be written is told of once, and written when it can be', () => {
    const file = join(directory, 'missing', 'figures');
    figures.configure(file);
    vi.advanceTimersByTime(5_000);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('NJ-FIGURES-FILE');
    mkdirSync(join(directory, 'missing'));
    vi.advanceTimersByTime(1_000);
    expect(read(file)).toEqual({ channels: 1 });
    rmSync(join(directory, 'missing'), { recursive: true });
  });
});
