/** What is Lua, but fails in Redis or is a mistake. */
import type { TableNode } from './ast.ts';
import type { HeadComment } from './head-comment.ts';
import type { PlacedProblem } from './lexer.ts';
import { CALL_TABLES, REDIS_GLOBALS } from './redis-globals.ts';
import { ANY_FIELD, type GlobalUse, type IndexedGlobal, type RaisedError, type Variable } from './scope.ts';
import type { Parsed } from './syntax.ts';

export interface LintSubject {
  /** The embedded source, bytes as Latin-1. */
  readonly text: string;
  readonly parsed: Parsed;
  readonly head: HeadComment;
  /** The script's file, as messages name it. */
  readonly file: string;
  /** Says whether a character of the text comes from an included file. */
  readonly isIncluded: (offset: number) => boolean;
}

type Finding = string | undefined;

/** The first line that Redis 7 reads options from; others of its kind are Lua's alone. */
const REDIS_FIRST_LINE = /^#!lua(?:[ \t\r\n]|$)/;
/** Names of variables that are meant to go unused. */
const UNUSED = /^_/;

const GLOBAL_FINDINGS: Record<GlobalUse['kind'], (name: string) => Finding> = {
  read: (name) => (REDIS_GLOBALS.has(name) ? undefined : `Redis has no global "${name}"`),
  write: (name) => `"${name}" would become a global, which Redis forbids: make it local`,
  field: (name) => {
    if (CALL_TABLES.has(name) || !REDIS_GLOBALS.has(name)) return undefined;
    return `"${name}" is Redis's own and cannot be written to`;
  },
};

/** A function's parameters are what its callers give; whether it reads them all is its own affair. */
function unusedVariable({ name, kind, reads }: Variable): Finding {
  if (kind === 'parameter' || reads > 0 || UNUSED.test(name)) return undefined;
  return `"${name}" is never read; if that is meant, let its name begin with _`;
}

/** An include may offer more than one script takes. */
function isOffered({ atTop, offset }: Variable, { isIncluded }: LintSubject): boolean {
  return atTop && isIncluded(offset);
}

function unnamedArgument({ name, index }: IndexedGlobal, { head, file }: LintSubject): Finding {
  if (!CALL_TABLES.has(name)) return undefined;
  const named = name === 'KEYS' ? head.keys : head.args;
  if (named[index - 1]) return undefined;
  return `${name}[${index}] has no name in the head comment of ${file}`;
}

/** Redis looks for the field of what a script raises; where it is missing, 7.0, 8.0 and Valkey 8.1 look at nothing. */
const ERROR_FIELDS: ReadonlySet<string> = new Set(['err', ANY_FIELD]);

function hasErrorField({ fields }: TableNode): boolean {
  return fields.some(
    (field) =>
      field.type === 'TableKey' || (field.type === 'TableKeyString' && ERROR_FIELDS.has(field.key.name)),
  );
}

function raisedTable({ what }: RaisedError): Finding {
  const table = 'type' in what ? what : what.table;
  if (!table || hasErrorField(table)) return undefined;
  if ('reads' in what && [...what.writtenFields].some((name) => ERROR_FIELDS.has(name))) return undefined;
  return 'an error that is a table without a field err crashes some versions of Redis: raise a string';
}

function firstLine(text: string): Finding {
  if (!text.startsWith('#') || REDIS_FIRST_LINE.test(text)) return undefined;
  return 'Redis takes no first line with # but "#!lua" and its options';
}

/** Finds mistakes in a source that is Lua, in reading order. */
export function lint(subject: LintSubject): PlacedProblem[] {
  const { text, parsed } = subject;
  const { globals, variables, indexed, raised } = parsed.scopes;
  const findings = [
    { offset: 0, message: firstLine(text) },
    ...globals.map(({ kind, name, offset }) => ({ offset, message: GLOBAL_FINDINGS[kind](name) })),
    ...variables
      .filter((variable) => !isOffered(variable, subject))
      .map((variable) => ({ offset: variable.offset, message: unusedVariable(variable) })),
    ...raised.map((one) => ({ offset: one.offset, message: raisedTable(one) })),
    ...indexed.map((use) => ({ offset: use.offset, message: unnamedArgument(use, subject) })),
  ];
  return findings
    .filter((finding): finding is PlacedProblem => finding.message !== undefined)
    .sort((a, b) => a.offset - b.offset);
}
