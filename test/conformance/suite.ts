/** The server block that both servers get, and which cases can be played on it. */
import { UNSUPPORTED } from '../../nginx/compiler/directives/unsupported.ts';
import type { Case } from './case.ts';
import { COMMON_LOCATIONS } from './cases/common.ts';
import { AREAS } from './cases/index.ts';

/** All locations: name and directives. */
export const LOCATIONS: readonly (readonly [string, string])[] = [
  COMMON_LOCATIONS,
  ...AREAS.map((area) => area.locations),
].flatMap((locations) => Object.entries(locations));

/** Directives that njchan says it does not have yet would make it refuse the whole server. */
const isSupported = (directives: string): boolean =>
  ![...UNSUPPORTED].some((name) => new RegExp(`(^|; )${name} `).test(directives));

const supported = LOCATIONS.filter(([, directives]) => isSupported(directives));
const unsupported = LOCATIONS.filter(([, directives]) => !isSupported(directives));

/** The inside of the `server` block. */
export const SERVER = supported
  .map(([name, directives]) => `        location ~ ^/${name}/(.*)$ { ${directives} }`)
  .join('\n');

/** Further locations of the `server` block, which are no endpoints. */
export const PLAIN_LOCATIONS = AREAS.flatMap(({ plainLocations = {} }) => Object.entries(plainLocations))
  .map(([head, directives]) => `        ${head} { ${directives} }`)
  .join('\n');

/** What both servers get in their `http` block, beside the application. */
export const HTTP = AREAS.map(({ http = '' }) => http).join('\n');

/** Cases whose locations njchan does not have yet; they are shown as skipped. */
export const isPlayable = (one: Case): boolean => {
  const text = JSON.stringify(one.steps);
  return !unsupported.some(([name]) => text.includes(`/${name}/`));
};

export const PLAYED: readonly Case[] = AREAS.flatMap((area) => area.cases).filter(isPlayable);
