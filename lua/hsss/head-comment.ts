import { directiveOf } from './directives.ts';
import type { Argument } from './script.ts';
import type { SourceLine } from './source-file.ts';

/** What the comment at the head of a script says. */
export interface HeadComment {
  /** Its lines after the two dashes, blanks and all, as Latin-1. */
  readonly lines: readonly string[];
  readonly keys: readonly Argument[];
  readonly args: readonly Argument[];
  /** Lines that cannot be right. */
  readonly problems: readonly HeadProblem[];
}

export interface HeadProblem {
  /** Line of the file, from 1. */
  readonly line: number;
  readonly message: string;
}

/** `KEYS[1] channel  key of the channel's head`. Anything else is prose. */
const ARGUMENT = /^\s*(KEYS|ARGV)\[(\d+)\]\s+([a-z][a-z0-9_]*)(?:\s+(.*?))?\s*$/;

function utf8(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8');
}

/** The lines at the top that are nothing but a `--` comment, up to a directive; a first line `#!…` may precede them. */
function linesOf(lines: readonly SourceLine[]): { first: number; texts: string[] } {
  const first = lines[0]?.text.startsWith('#') ? 1 : 0;
  const texts: string[] = [];
  for (const line of lines.slice(first)) {
    const { comment, code } = line;
    if (!comment || code.trim() !== '' || directiveOf(line)) break;
    texts.push(comment.text.slice('--'.length));
  }
  return { first, texts };
}

/**
 * Reads the comment at the head of a script.
 * @param lines - of the script itself, before includes
 */
export function readHeadComment(lines: readonly SourceLine[]): HeadComment {
  const { first, texts } = linesOf(lines);
  const named: Record<'KEYS' | 'ARGV', Argument[]> = { KEYS: [], ARGV: [] };
  const problems: HeadProblem[] = [];
  texts.forEach((text, i) => {
    const [, array, index, name = '', description = ''] = ARGUMENT.exec(text) ?? [];
    if (array !== 'KEYS' && array !== 'ARGV') return;
    const list = named[array];
    const problem = (message: string) => problems.push({ line: first + i + 1, message });
    const expected = list.length + 1;
    if (Number(index) !== expected) {
      problem(`${array}[${index}] is named here, but ${array}[${expected}] has to come first`);
    } else if (list.some((other) => other.name === name)) {
      problem(`there is already a "${name}" in ${array}`);
    } else {
      list.push({ name, description: utf8(description) });
    }
  });
  return { lines: texts, keys: named.KEYS, args: named.ARGV, problems };
}
