/** nchan_stub_status and its variables, as both servers answer when the same was done to them. */
import { beforeAll, expect, it } from 'vitest';
import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import type { Case } from './case.ts';
import { stubStatus } from './cases/status.ts';
import { differenceIds } from './differences.ts';
import { startNchan } from './nchan.ts';
import { play } from './player.ts';

const locations = Object.entries(stubStatus.locations).map(
  ([name, directives]) => `location ~ ^/${name}/(.*)$ { ${directives} }`,
);
const plain = Object.entries(stubStatus.plainLocations ?? {}).map(
  ([head, directives]) => `${head} { ${directives} }`,
);
const SERVER = [...locations, ...plain].join('\n');

let ports: { readonly njchan: number; readonly nchan: number };

/** Both have been published to once then. */
beforeAll(async () => {
  const [njchan, nchan] = await Promise.all([
    startNjchan({ config: (port) => nginxConf(port, SERVER, stubStatus.http) }),
    startNchan(SERVER, stubStatus.http),
  ]);
  ports = { njchan: njchan.port, nchan: nchan.port };
  await waitFor('the clock of ids', async () => {
    const [ours] = await Promise.all(
      Object.values(ports).map((port) => request(port, 'POST', '/pub/warm-up', { body: '' })),
    );
    return Number(/id: (\d+)/.exec(ours?.body.toString() ?? '')?.[1]) * 1000 <= Date.now();
  });
});

/** In which second a message came. */
const ID = /\bT\d+:\d+/g;

/**
 * Without what memory is used, which is another program's, and without the digits of that number in the length; without
 * message ids, since nothing may be played again until all are of one second.
 */
function masked(answer: string): string {
  const entry = answer.replace(ID, 'ID');
  const used = /shared memory used: (\d+)K/.exec(entry)?.[1];
  if (used === undefined) return entry;
  return entry
    .replace(`used: ${used}K`, 'used: NK')
    .replace(/Content-Length: (\d+)/, (_, length) => `Content-Length: ${length - used.length}`);
}

it.each(stubStatus.cases)('$name', async (played: Case) => {
  const channel = `case${stubStatus.cases.indexOf(played)}`;
  const playOn = async (port: number): Promise<readonly string[]> => {
    const { entries, failure } = await play(port, played, channel, 1);
    expect(failure).toBeUndefined();
    return entries.map(masked);
  };
  const [ours, theirs] = [await playOn(ports.njchan), await playOn(ports.nchan)];
  if (played.differs === undefined) {
    expect(ours, 'njchan (received) and Nchan (expected)').toEqual(theirs);
    return;
  }
  expect(differenceIds()).toContain(played.differs);
  expect(ours).not.toEqual(theirs);
});
