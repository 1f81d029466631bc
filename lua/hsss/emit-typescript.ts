/** Scripts as a TypeScript module that needs nothing but Node's Buffer. */
import type { Argument, LineRun, Script } from './script.ts';
import type { NameKey, OutputSettings } from './settings.ts';
import { commentText, encodedLines, literal, propertyKey } from './ts-literal.ts';

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** Words of the language, and what a module of ours has besides what can be named. */
const TAKEN = new Set(
  `arguments await break case catch class const continue debugger default delete do else enum eval export extends false
  finally for function if implements import in instanceof interface let new null package private protected public return
  static super switch this throw true try typeof undefined var void while with yield any bigint boolean never number
  object string symbol unknown Argument Buffer LineRun bytes`.split(/\s+/),
);

/** True when a module can use the name for a variable or a type of its own. */
export function isTypeScriptName(name: string): boolean {
  return IDENTIFIER.test(name) && !TAKEN.has(name);
}

const HEAD = `// Made by hsss from Lua scripts: edit those, then make this anew.
import { Buffer } from 'node:buffer';

/** A name for one of KEYS or ARGV, from the script's head comment. */
export interface Argument {
  readonly name: string;
  /** Its unit, its values. */
  readonly description: string;
}

/** Consecutive lines of a source that come from consecutive lines of one file. Each run goes up to the next one. */
export interface LineRun {
  /** First line of the run in the source, from 1. */
  readonly embedded: number;
  /** The file, as messages name it. */
  readonly file: string;
  /** The line of that file from which the run's first line comes, from 1. */
  readonly line: number;
  /** For lines of an included file: the line of the script itself whose include brought it in. */
  readonly includedAt?: number;
}
`;

function scriptType(name: string | undefined): string {
  return `
export interface ${name} {
  /** The file's name without its ending. */
  readonly name: string;
  /** SHA1 of the source in lower-case hexadecimal: what Redis calls it by. */
  readonly sha1: string;
  /** What Redis gets. */
  readonly source: Buffer;
  readonly keys: readonly Argument[];
  readonly args: readonly Argument[];
  /** Where each line comes from, ordered by \`embedded\`. */
  readonly lines: readonly LineRun[];
  /** The lines of the comment at the head of the file, without their dashes. */
  readonly comment: readonly string[];
}
`;
}

const BYTES = `
function bytes(encoding: 'utf8' | 'latin1', lines: readonly string[]): Buffer {
  return Buffer.from(lines.join(''), encoding);
}
`;

/** Lines of code, each indented. */
function indented(lines: readonly string[]): string[] {
  return lines.map((line) => (line === '' ? '' : `  ${line}`));
}

/** `[a, b],` over several lines when there is something in it. */
function list(opening: string, items: readonly string[], closing: string): string[] {
  return items.length === 0
    ? [opening + closing]
    : [opening, ...indented(items.map((item) => `${item},`)), closing];
}

function argument({ name, description }: Argument): string {
  return `{ name: ${literal(name)}, description: ${literal(description)} }`;
}

function run({ embedded, file, line, includedAt }: LineRun): string {
  const last = includedAt === undefined ? '' : `, includedAt: ${includedAt}`;
  return `{ embedded: ${embedded}, file: ${literal(file)}, line: ${line}${last} }`;
}

/** The fields of a Script as code: what stands after the field's name, its last line without a comma. */
const FIELDS: Readonly<Record<keyof Script, (script: Script) => string[]>> = {
  name: ({ name }) => [literal(name)],
  sha1: ({ sha1 }) => [literal(sha1)],
  source: ({ source }) => {
    const { encoding, literals } = encodedLines(source);
    return list(`bytes('${encoding}', [`, literals, '])');
  },
  keys: ({ keys }) => list('[', keys.map(argument), ']'),
  args: ({ args }) => list('[', args.map(argument), ']'),
  lines: ({ lines }) => list('[', lines.map(run), ']'),
  comment: ({ comment }) => list('[', comment.map(literal), ']'),
};

function property(key: string, value: readonly string[]): string[] {
  const lines = [`${key}: ${value[0]}`, ...value.slice(1)];
  return [...lines.slice(0, -1), `${lines.at(-1)},`];
}

/** The comment at the head of a script becomes the one over its property. */
function docComment({ comment }: Script): string[] {
  const lines = comment.map((line) => ` *${line.startsWith(' ') ? '' : ' '}${commentText(line)}`.trimEnd());
  return lines.length === 0 ? [] : ['/**', ...lines, ' */'];
}

/** An object with a property a script. @param isCommented - gives each property its script's comment */
function table(
  { name, type, isCommented }: { name: string | undefined; type: string; isCommented: boolean },
  scripts: readonly Script[],
  value: (script: Script) => readonly string[],
): string {
  const properties = scripts.flatMap((script) => [
    ...(isCommented ? docComment(script) : []),
    ...property(propertyKey(script.name), value(script)),
  ]);
  const body = properties.length === 0 ? '{}' : `{\n${indented(properties).join('\n')}\n}`;
  return `\nexport const ${name} = ${body} as const satisfies Record<string, ${type}>;\n`;
}

function whole(scripts: readonly Script[], { names }: OutputSettings): string {
  const row = (script: Script) => {
    const fields = Object.entries(FIELDS).flatMap(([field, code]) => property(field, code(script)));
    return ['{', ...indented(fields), '}'];
  };
  return table({ name: names.scripts, type: `${names.rowStruct}`, isCommented: true }, scripts, row);
}

/** In the split format there is a table for each field. */
const COLUMNS: Readonly<Record<keyof Script, { name: NameKey; type: string }>> = {
  name: { name: 'names', type: 'string' },
  sha1: { name: 'hashes', type: 'string' },
  source: { name: 'scripts', type: 'Buffer' },
  keys: { name: 'keys', type: 'readonly Argument[]' },
  args: { name: 'args', type: 'readonly Argument[]' },
  lines: { name: 'lines', type: 'readonly LineRun[]' },
  comment: { name: 'comments', type: 'readonly string[]' },
};
const columns = Object.entries(COLUMNS) as [keyof Script, (typeof COLUMNS)[keyof Script]][];

function split(scripts: readonly Script[], { names }: OutputSettings): string {
  return columns
    .map(([field, { name, type }]) =>
      table({ name: names[name], type, isCommented: field === 'source' }, scripts, FIELDS[field]),
    )
    .join('');
}

function each({ format, names }: OutputSettings): string {
  if (names.each === undefined) return '';
  const fields = columns.map(([field, { name }]) => `${field}: ${names[name]}[name]`).join(', ');
  const body = {
    whole: `  yield* Object.values<${names.rowStruct}>(${names.scripts});`,
    split: `  for (const name of Object.keys(${names.scripts}) as (keyof typeof ${names.scripts})[]) {
    yield { ${fields} };
  }`,
  }[format];
  return `
/** Every script, in the order of the files. */
export function* ${names.each}(): Generator<${names.rowStruct}> {
${body}
}
`;
}

/**
 * Writes scripts as a TypeScript module.
 * @returns the module; every line of a script's source is a line of its own in it
 */
export function emitTypeScript(scripts: readonly Script[], settings: OutputSettings): string {
  const { format, names } = settings;
  const hashes = scripts.map(({ sha1 }) => sha1).join(' ');
  return [
    HEAD,
    scriptType(names.rowStruct),
    scripts.length === 0 ? '' : BYTES,
    format === 'whole' ? whole(scripts, settings) : split(scripts, settings),
    `\nexport type ${names.struct} = typeof ${names.scripts};\n`,
    names.count === undefined ? '' : `\nexport const ${names.count} = ${scripts.length};\n`,
    names.allHashes === undefined
      ? ''
      : `\n/** The hashes of all scripts, with blanks between. */\nexport const ${names.allHashes} = '${hashes}';\n`,
    each(settings),
  ].join('');
}
