import { readFileSync } from 'node:fs';
import { getSystemErrorMap } from 'node:util';
import { HsssError, type Problem } from './hsss-error.ts';
import { type Comment, LINE_END, lex } from './lexer.ts';

/** One line of a file. */
export interface SourceLine {
  /** Its bytes as Latin-1, without the line end. */
  readonly text: string;
  /** Its line end; empty at the end of a file that lacks the last one. */
  readonly end: string;
  /** The `--` comment on it, if one is there. */
  readonly comment?: Comment;
  /** What stands before that comment, or all of the line. */
  readonly code: string;
  /** True when a string or comment goes on here that began on an earlier line. */
  readonly continues: boolean;
}

/** A file of Lua, cut into the lines that Lua counts. */
export interface SourceFile {
  /** The path by which it is opened and by which messages about it name it. */
  readonly path: string;
  /** Not empty. */
  readonly lines: readonly SourceLine[];
}

/** What a compiled chunk begins with (Lua's LUA_SIGNATURE). Redis loads none. */
const COMPILED_CHUNK = '\x1b';

/** `no such file or directory` for ENOENT; the message of other errors. */
export function reasonOf(error: unknown): string {
  const { errno, message } = error as NodeJS.ErrnoException;
  return (errno === undefined ? undefined : getSystemErrorMap().get(errno)?.[1]) ?? message;
}

/**
 * Reads a file.
 * @throws HsssError when it cannot be read, has nothing in it or is a compiled chunk
 */
export function readSource(path: string): SourceFile {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw problemAt(path, `cannot be read: ${reasonOf(error)}`);
  }
  if (text.trim() === '') throw problemAt(path, 'the file is empty');
  if (text.startsWith(COMPILED_CHUNK)) {
    throw problemAt(path, 'this is compiled Lua: give its source, Redis takes no other');
  }
  return { path, lines: splitLines(text) };
}

function problemAt(file: string, message: string): HsssError {
  const problem: Problem = { file, line: 1, message };
  return new HsssError([problem]);
}

/**
 * Cuts a text into the lines that Lua counts and finds the comments that end them.
 * @param text - bytes as Latin-1
 */
export function splitLines(text: string): SourceLine[] {
  const pieces: { start: number; text: string; end: string }[] = [];
  let start = 0;
  for (const { 0: end, index } of text.matchAll(LINE_END)) {
    pieces.push({ start, text: text.slice(start, index), end });
    start = index + end.length;
  }
  if (start < text.length) pieces.push({ start, text: text.slice(start), end: '' });

  const { tokens, comments } = lex(text);
  const shortComments = new Map(comments.filter(({ long }) => !long).map((one) => [one.line, one]));
  const continued = new Set<number>();
  for (const { start, end, line } of [...tokens, ...comments]) {
    const ends = text.slice(start, end).match(LINE_END)?.length ?? 0;
    for (let i = 1; i <= ends; i++) continued.add(line + i);
  }
  return pieces.map((piece, i) => {
    const comment = shortComments.get(i + 1);
    return {
      text: piece.text,
      end: piece.end,
      ...(comment ? { comment } : {}),
      code: comment ? text.slice(piece.start, comment.start) : piece.text,
      continues: continued.has(i + 1),
    };
  });
}
