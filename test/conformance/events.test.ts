/**
 * Channel events and information about subscribers, from njchan and from the real Nchan. These crash Nchan now and then,
 * with everybody's subscribers; so the cases are played one after the other, and again when that happened.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { type Application, startApplication } from './application.ts';
import { COMMON_LOCATIONS } from './cases/common.ts';
import { channelEvents } from './cases/events.ts';
import { subscriberInfo } from './cases/subscriber-info.ts';
import { differenceIds } from './differences.ts';
import { type Nchan, startNchan } from './nchan.ts';
import { play, stageOf } from './player.ts';

/** How often a case is played again of which Nchan crashed. */
const ATTEMPTS = 5;
const DEADLINE_MS = 60_000;

const AREAS = [channelEvents, subscriberInfo];
/** Locations of other areas that their cases use. */
const PROXY = 'proxy_pass http://application;';
const NO_BODY = 'proxy_pass_request_body off; proxy_set_header Content-Length "";';
const LOCATIONS = { ...COMMON_LOCATIONS, ...channelEvents.locations, ...subscriberInfo.locations };
const SERVER = Object.entries(LOCATIONS)
  .map(([name, directives]) => `location ~ ^/${name}/(.*)$ { ${directives} }`)
  .concat(`location /auth/ { ${PROXY} ${NO_BODY} }`, `location /upstream/ { ${PROXY} }`)
  .join('\n');

let njchan: Njchan;
let nchan: Nchan;
let applications: { readonly njchan: Application; readonly nchan: Application };
beforeAll(async () => {
  applications = { njchan: await startApplication(), nchan: await startApplication() };
  [njchan, nchan] = await Promise.all([
    startNjchan({ config: (port) => nginxConf(port, SERVER, applications.njchan.upstream) }),
    startNchan(SERVER, applications.nchan.upstream),
  ]);
}, DEADLINE_MS);

const crashes = (): number => nchan.output().split('exited on signal').length;

describe.each(AREAS)('$title', ({ title, cases }) => {
  for (const [number, played] of cases.entries()) {
    it(
      played.name,
      async () => {
        const channel = `${title.slice(0, 1)}${number}`;
        const ours = await play(stageOf(njchan.port, applications.njchan), played, channel);
        const theirStage = stageOf(nchan.port, applications.nchan);
        let before = crashes();
        let theirs = await play(theirStage, played, channel);
        for (let attempt = 1; attempt < ATTEMPTS && crashes() > before; attempt++) {
          before = crashes();
          theirs = await play(theirStage, played, `${channel}-again${attempt}`);
        }
        expect(theirs.failure, 'the case does not work with Nchan').toBeUndefined();
        if (played.differs === undefined) {
          expect(ours, 'njchan (received) and Nchan (expected)').toEqual(theirs);
          return;
        }
        expect(differenceIds(), 'docs/differences.md').toContain(played.differs);
        expect(ours.failure, 'the case does not work with njchan').toBeUndefined();
        expect(ours.entries, `equal, though docs/differences.md says ${played.differs}`).not.toEqual(
          theirs.entries,
        );
      },
      DEADLINE_MS,
    );
  }
});
