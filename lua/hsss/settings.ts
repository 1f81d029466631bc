/** What the output shall be like: the names in it and which parts it has. */

export type Language = 'ts' | 'c';

/** Names that the command line can change or leave out, each with its default in both languages. */
export interface NameRow {
  /** The option that changes it, if there is one. */
  readonly option?: string;
  /** The option that leaves the thing out. */
  readonly omit?: string;
  /** The defaults; missing where a language has no such thing. */
  readonly c?: string;
  readonly ts?: string;
  /** How `--prefix` gets before the default. */
  readonly prefix: 'as is' | 'upper case' | 'never';
  /** True when TypeScript cannot do without it. */
  readonly isNeededInTs?: boolean;
  /** For help texts. */
  readonly help: string;
}

export const NAMES = {
  struct: {
    option: 'struct',
    c: 'lua_scripts_t',
    ts: 'Scripts',
    prefix: 'as is',
    help: 'type of all scripts',
  },
  rowStruct: {
    option: 'row-struct',
    c: 'lua_script_t',
    ts: 'Script',
    prefix: 'as is',
    help: 'type of one script (C: whole format)',
  },
  scripts: {
    option: 'scripts',
    c: 'lua_scripts',
    ts: 'scripts',
    prefix: 'as is',
    help: 'variable with the scripts',
  },
  hashes: {
    option: 'hashes',
    omit: 'no-hashes',
    c: 'lua_hashes',
    ts: 'hashes',
    prefix: 'as is',
    isNeededInTs: true,
    help: 'variable with the hashes (split format)',
  },
  names: {
    option: 'names',
    omit: 'no-names',
    c: 'lua_script_names',
    ts: 'names',
    prefix: 'as is',
    isNeededInTs: true,
    help: 'variable with the names (split format)',
  },
  count: {
    option: 'count',
    omit: 'no-count',
    c: 'lua_scripts_count',
    ts: 'count',
    prefix: 'as is',
    help: 'variable with the number of scripts',
  },
  countMacro: {
    option: 'count-macro',
    omit: 'no-count-macro',
    c: 'LUA_SCRIPTS_COUNT',
    prefix: 'upper case',
    help: 'macro with the number of scripts',
  },
  allHashes: {
    option: 'all-hashes-string',
    omit: 'no-all-hashes-string',
    c: 'LUA_SCRIPTS_ALL_HASHES',
    ts: 'allHashes',
    prefix: 'upper case',
    help: 'string with all hashes and blanks between (C: a macro)',
  },
  each: {
    option: 'each-macro',
    omit: 'no-each',
    c: 'LUA_SCRIPTS_EACH',
    ts: 'each',
    prefix: 'upper case',
    help: 'iterator (C: a macro)',
  },
  headerGuard: {
    option: 'header-guard',
    c: 'LUA_SCRIPTS_H',
    prefix: 'never',
    help: 'macro that guards the declarations',
  },
  keys: {
    ts: 'keys',
    prefix: 'as is',
    help: 'variable with the names of KEYS (split format)',
  },
  args: {
    ts: 'args',
    prefix: 'as is',
    help: 'variable with the names of ARGV (split format)',
  },
  lines: {
    ts: 'lines',
    prefix: 'as is',
    help: 'variable with the line tables (split format)',
  },
  comments: {
    ts: 'comments',
    prefix: 'as is',
    help: 'variable with the comments (split format)',
  },
} as const satisfies Record<string, NameRow>;

export type NameKey = keyof typeof NAMES;

/** The prefix of the defaults, unless another is given. TypeScript has modules instead. */
export const DEFAULT_PREFIX: Readonly<Record<Language, string>> = { c: 'redis_', ts: '' };

export interface OutputSettings {
  readonly language: Language;
  /** One struct of rows, or a struct each for sources, hashes and names. */
  readonly format: 'whole' | 'split';
  /** Undefined for what is left out. */
  readonly names: Readonly<Record<NameKey, string | undefined>>;
  /** C: which parts. */
  readonly parts: 'both' | 'header' | 'data';
  /** C: whether the variables are private to the file. */
  readonly isStatic: boolean;
  /** C: whether the declarations are guarded. */
  readonly isGuarded: boolean;
}

/** The name that something has without an option of its own. */
export function defaultName(key: NameKey, language: Language, prefix: string): string | undefined {
  const row: NameRow = NAMES[key];
  const name = row[language];
  if (name === undefined || row.prefix === 'never') return name;
  return (row.prefix === 'upper case' && language === 'c' ? prefix.toUpperCase() : prefix) + name;
}

/** Settings without any option. */
export function defaultSettings(language: Language): OutputSettings {
  const keys = Object.keys(NAMES) as NameKey[];
  const names = keys.map((key) => [key, defaultName(key, language, DEFAULT_PREFIX[language])]);
  return {
    language,
    format: 'whole',
    names: Object.fromEntries(names) as Record<NameKey, string | undefined>,
    parts: 'both',
    isStatic: true,
    isGuarded: false,
  };
}
