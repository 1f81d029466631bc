/** The server block that both servers get, and the cases that are played on it. */
import type { Case } from './case.ts';
import { COMMON_LOCATIONS } from './cases/common.ts';
import { AREAS } from './cases/index.ts';

/** All locations: name and directives. */
export const LOCATIONS: readonly (readonly [string, string])[] = [
  COMMON_LOCATIONS,
  ...AREAS.map((area) => area.locations),
].flatMap((locations) => Object.entries(locations));

/** The inside of the `server` block. */
export const SERVER = LOCATIONS.map(
  ([name, directives]) => `        location ~ ^/${name}/(.*)$ { ${directives} }`,
).join('\n');

/** Further locations of the `server` block, which are no endpoints. */
export const PLAIN_LOCATIONS = AREAS.flatMap(({ plainLocations = {} }) => Object.entries(plainLocations))
  .map(([head, directives]) => `        ${head} { ${directives} }`)
  .join('\n');

/** What both servers get in their `http` block, beside the application. */
export const HTTP = AREAS.map(({ http = '' }) => http).join('\n');

export const PLAYED: readonly Case[] = AREAS.flatMap((area) => area.cases);
