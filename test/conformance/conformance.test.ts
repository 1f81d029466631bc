/**
 * One set of cases, played against njchan and against the real Nchan side by side. Both get the same server block and
 * the same bytes; what they answer must be equal, or differ as docs/differences.md says.
 */
import { writeSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { sleep, waitFor } from '../support/wait.ts';
import { type Application, startApplication } from './application.ts';
import type { Case } from './case.ts';
import { AREAS } from './cases/index.ts';
import { differenceIds } from './differences.ts';
import { type Nchan, startNchan } from './nchan.ts';
import { play, stageOf } from './player.ts';
import { HTTP, LOCATIONS, PLAIN_LOCATIONS, PLAYED, SERVER } from './suite.ts';
import type { Transcript } from './transcript.ts';

/** Cases in progress at a time. Most of them wait most of the time. */
const CONCURRENT = 24;
/** How often cases are played again that a crash of Nchan came between. */
const MAX_ROUNDS = 3;
/** A crash is in nginx's log at the latest after this time. */
const LOG_DELAY_MS = 100;
const SUITE_DEADLINE_MS = 240_000;
const STANDARD_OUTPUT = 1;

interface Answers {
  readonly njchan: Transcript;
  readonly nchan: Transcript;
}

let njchan: Njchan;
let nchan: Nchan;
let applications: { readonly njchan: Application; readonly nchan: Application };
const answers = new Map<Case, Answers>();
let count = 0;

const isEqual = ({ njchan, nchan }: Answers): boolean =>
  JSON.stringify(njchan.entries) === JSON.stringify(nchan.entries);

/** How often a worker of Nchan crashed so far, which takes all cases in progress with it. */
const nchanCrashes = (): number => nchan.output().split('exited on signal').length - 1;

/** Plays cases. @returns those that a crash of Nchan came between */
async function playAll(cases: readonly Case[], concurrent: number): Promise<Case[]> {
  const queue = [...cases];
  const interrupted: Case[] = [];
  const worker = async () => {
    for (let played = queue.shift(); played; played = queue.shift()) {
      const channel = `case${String(count++).padStart(4, '0')}`;
      const crashes = nchanCrashes();
      const [ours, theirs] = await Promise.all([
        play(stageOf(njchan.port, applications.njchan), played, channel),
        play(stageOf(nchan.port, applications.nchan), played, channel),
      ]);
      const given = { njchan: ours, nchan: theirs };
      answers.set(played, given);
      if (isEqual(given)) continue;
      await sleep(LOG_DELAY_MS);
      if (nchanCrashes() > crashes) interrupted.push(played);
    }
  };
  await Promise.all(Array.from({ length: concurrent }, worker));
  return interrupted;
}

/** Plays all cases; those that Nchan did not survive again, one by one: it crashes now and then at what it did before. */
async function playUninterrupted(): Promise<void> {
  let interrupted = await playAll(PLAYED, CONCURRENT);
  for (let round = 0; round < MAX_ROUNDS && interrupted.length > 0; round++) {
    interrupted = await playAll(interrupted, 1);
  }
}

/** njchan's first ids after a start are a little ahead of the clock, so that it never gives one twice. */
async function untilClockIsRight(): Promise<void> {
  await waitFor('the message ids to have the time of the clock', async () => {
    const answer = await request(njchan.port, 'POST', '/pub/warm-up', { body: '' });
    const time = /last message id: (\d+):/.exec(answer.body.toString())?.[1];
    return Number(time) * 1000 <= Date.now();
  });
}

beforeAll(async () => {
  applications = { njchan: await startApplication(), nchan: await startApplication() };
  const server = `${SERVER}\n${PLAIN_LOCATIONS}`;
  const http = (application: Application) => `${application.upstream}\n${HTTP}`;
  [njchan, nchan] = await Promise.all([
    startNjchan({ config: (port) => nginxConf(port, server, http(applications.njchan)) }),
    startNchan(server, http(applications.nchan)),
  ]);
  await untilClockIsRight();
  await playUninterrupted();
}, SUITE_DEADLINE_MS);

afterAll(() => {
  const played = [...answers.entries()];
  const equal = played.filter(([, given]) => isEqual(given)).length;
  const documented = played.filter(([{ differs }, given]) => differs && !isEqual(given)).length;
  // Past vitest, which would put headings around it.
  writeSync(
    STANDARD_OUTPUT,
    `conformance: ${played.length} cases, ${equal} equal, ${documented} documented differences${
      nchanCrashes() > 0 ? `; Nchan crashed ${nchanCrashes()} times, and was asked again` : ''
    }\n`,
  );
});

describe.each(AREAS)('$title', ({ cases }) => {
  for (const played of cases) {
    it(played.name, () => {
      const given = answers.get(played) as Answers;
      expect(given.nchan.failure, 'the case does not work with Nchan').toBeUndefined();
      if (played.differs === undefined) {
        expect(given.njchan, 'njchan (received) and Nchan (expected)').toEqual(given.nchan);
        return;
      }
      expect(differenceIds(), 'docs/differences.md').toContain(played.differs);
      expect(given.njchan.failure, 'the case does not work with njchan').toBeUndefined();
      expect(isEqual(given), `equal, though docs/differences.md says ${played.differs}`).toBe(false);
    });
  }
});

describe('the suite', () => {
  it('has no two cases of one name', () => {
    const names = AREAS.flatMap(({ title, cases }) => cases.map(({ name }) => `${title}: ${name}`));
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('has no two locations of one name', () => {
    const names = LOCATIONS.map(([name]) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });

  it('did not crash njchan', () => {
    expect(njchan.output()).not.toMatch(/exited on signal|uncaught|ended with/i);
  });
});
