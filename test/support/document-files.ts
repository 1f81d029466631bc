/** What docs/tokens.md shows. */

/** The files that are shown, by the name in front of each. */
export function filesOf(document: string): Record<string, string> {
  const files = [...document.matchAll(/^`([\w.]+)`[^\n]*:\n\n```\w+\n([\s\S]*?)^```$/gm)];
  return Object.fromEntries(files.map(([, name, text]) => [name, text])) as Record<string, string>;
}

/** What a page does with its token. */
export function pageScript(document: string): string {
  return /^In the page,[^\n]*:\n\n```js\n([\s\S]*?)^```$/m.exec(document)?.[1] as string;
}
