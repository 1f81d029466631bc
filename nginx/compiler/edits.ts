/** Changes to the text of a file that leave everything else as it is, and the layout of what is put in. */
import { concealer } from './directives/index.ts';
import type { Block, Directive } from './parser.ts';
import { quote } from './quote.ts';

/** Replaces the text from `start` to `end`; equal offsets insert. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** One step of indentation where there is no neighbour to take it from. */
const STEP = '    ';

/** Comments longer than this are cut: nginx refuses a comment that fills its buffer. */
const MAX_COMMENT = 1000;

/** Applies edits, which must not overlap; of two at the same offset the one that was added first comes first. */
export function applyEdits(text: string, edits: readonly Edit[], from = 0, to = text.length): string {
  const inside = edits.filter((edit) => edit.start >= from && edit.end <= to);
  let result = '';
  let position = from;
  for (const edit of inside.sort((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(position, edit.start) + edit.text;
    position = edit.end;
  }
  return result + text.slice(position, to);
}

/** The blanks at the start of the line that an offset is in. */
export function indentationAt(text: string, offset: number): string {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1;
  return /^[ \t]*/.exec(text.slice(lineStart, offset))?.[0] ?? '';
}

/** The indentation of what is in a block: that of its first line, else one step more than the block's own. */
function innerIndentation(text: string, owner: Directive, block: Block): string {
  const outer = indentationAt(text, owner.start);
  const [first] = block.children;
  if (!first) return outer + STEP;
  const inner = indentationAt(text, first.start);
  const startsLine = text.slice(0, first.start).endsWith(`\n${inner}`);
  return startsLine && inner.length > outer.length ? inner : outer + STEP;
}

/** A block with the blanks that begin a line in it and its own last line. */
interface Layout {
  readonly text: string;
  readonly block: Block;
  readonly inner: string;
  readonly outer: string;
}

/** Puts lines at the start and at the end of a block; a block in a single line becomes one of several. */
export function wrapBlock(
  text: string,
  owner: Directive,
  block: Block,
  atStart: readonly string[],
  atEnd: readonly string[],
): Edit[] {
  const inner = innerIndentation(text, owner, block);
  const layout = { text, block, inner, outer: indentationAt(text, owner.start) };
  const start = atStart.length > 0 ? insertAtStart(layout, atStart) : undefined;
  const end = atEnd.length > 0 ? insertAtEnd(layout, atEnd, start) : undefined;
  return [start, end].filter((edit) => edit !== undefined);
}

function insertAtStart({ text, block, inner }: Layout, lines: readonly string[]): Edit {
  const rest = /[ \t\r]*(?:#[^\n]*)?\n/y;
  rest.lastIndex = block.open;
  if (rest.test(text) && rest.lastIndex <= block.close) {
    return { start: rest.lastIndex, end: rest.lastIndex, text: indented(lines, inner) };
  }
  const end = skipBlanks(text, block.open, block.close);
  // Something follows in the same line, and goes to a line of its own.
  const next = end === block.close ? '' : inner;
  return { start: block.open, end, text: `\n${indented(lines, inner)}${next}` };
}

function insertAtEnd({ text, block, inner, outer }: Layout, lines: readonly string[], before?: Edit): Edit {
  const from = before?.end ?? block.open;
  const lineStart = text.lastIndexOf('\n', block.close - 1) + 1;
  if (lineStart > block.open && lineStart >= from && text.slice(lineStart, block.close).trim() === '') {
    return { start: lineStart, end: lineStart, text: indented(lines, inner) };
  }
  let start = block.close;
  while (start > from && /[ \t]/.test(text[start - 1] as string)) start--;
  // What was put at the start of an empty block has ended its line already.
  const newline = before?.end === block.close ? '' : '\n';
  return { start, end: block.close, text: `${newline}${indented(lines, inner)}${outer}` };
}

function indented(lines: readonly string[], indentation: string): string {
  return lines.map((line) => (line === '' ? '\n' : `${indentation}${line}\n`)).join('');
}

function skipBlanks(text: string, from: number, to: number): number {
  let position = from;
  while (position < to && /[ \t]/.test(text[position] as string)) position++;
  return position;
}

/** A directive on one line, as it is written, but without what may be a password. */
export function oneLine({ name, args, block }: Directive): string {
  const conceal = concealer(name);
  const words = args.map(({ text, raw }) => (conceal ? quote(conceal(text)) : raw));
  return `${[name, ...words].join(' ')}${block ? ' { ... }' : ';'}`;
}

/** A comment of one line. */
export function comment(text: string): string {
  const line = text.replace(/[\r\n]+/g, ' ');
  return `# ${line.length > MAX_COMMENT ? `${line.slice(0, MAX_COMMENT)}...` : line}`;
}

/**
 * Replaces a directive by lines of which the last is a comment, so that what follows in its line moves to the next.
 * @param keepsLine the directive is followed, at most, by the end of a block that starts a line by itself
 */
export function replaceWithLines(directive: Directive, lines: string, keepsLine: boolean): Edit {
  const { text } = directive.file;
  const { start, end } = directive;
  const after = skipBlanks(text, end, text.length);
  const endsLine = after === text.length || /[\r\n#]/.test(text[after] as string);
  if (endsLine) return { start, end, text: lines };
  if (keepsLine && after === directive.parent?.close) return { start, end, text: lines };
  const inSameLine = directive.parent && !text.slice(directive.parent.open, start).includes('\n');
  const indentation = indentationAt(text, start) + (inSameLine ? STEP : '');
  return { start, end: after, text: `${lines}\n${indentation}` };
}
