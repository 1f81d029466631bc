/** Nchan's keywords: a word stands for the first keyword that it begins, in any case (spec/directives.md §0). */

/** Keywords in the order in which they are tried, with what each stands for. */
export type Keywords<T> = readonly (readonly [keyword: string, value: T])[];

/** For directives of Nchan that read these two words as keywords, unlike nginx's flags. */
export const ON_OFF: Keywords<boolean> = [
  ['on', true],
  ['off', false],
];

/** What a word of the configuration stands for; an empty word, which begins everything, stands for nothing. */
export function matchKeyword<T>(keywords: Keywords<T>, word: string): T | undefined {
  if (word === '') return undefined;
  const lower = word.toLowerCase();
  return keywords.find(([keyword]) => keyword.startsWith(lower))?.[1];
}
