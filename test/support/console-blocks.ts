/** The commands that documents show, and what they say the commands print. */

export interface Command {
  readonly line: string;
  /** Lines that its output must contain, in this order. */
  readonly shows: readonly string[];
}

/** The commands of all `console` blocks of a document. */
export function commandsOf(markdown: string): Command[] {
  const blocks = [...markdown.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map((match) => match[1] as string);
  return blocks.flatMap((block) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const [line, ...shown] = text.split('\n');
        return { line: line as string, shows: shown.filter((one) => one.trim() !== '') };
      }),
  );
}

/** True when `output` contains each of the texts, in this order. */
export function contains(output: string, texts: readonly string[]): boolean {
  let at = 0;
  for (const text of texts) {
    const found = output.indexOf(text, at);
    if (found < 0) return false;
    at = found + text.length;
  }
  return true;
}
