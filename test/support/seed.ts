/**
 * The seed of everything that the tests make up. A run that fails prints it with the case; `NJCHAN_SEED=N npx vitest
 * run PATH` repeats the run, `NJCHAN_SEED=random` looks elsewhere.
 */
const DEFAULT_SEED = 20_261_121;

const given = process.env.NJCHAN_SEED;

export const SEED = given === 'random' ? Date.now() & 0x7fffffff : Number(given ?? DEFAULT_SEED);
