/** Which keys the tokens of each location are verified with, and the file in which nginx finds them. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  DEFAULT_TOKEN_SETTINGS,
  type TokenKey,
  type TokenMode,
  type TokenSettings,
} from '../../handoff/token.ts';
import type { TokenKeySource } from './directives/token.ts';
import type { Said } from './errors.ts';
import type { Directive } from './parser.ts';
import type { Scope } from './scopes.ts';
import { MAX_KEY_FILE_BYTES, readKeyFile, TokenKeyError } from './token-key-file.ts';

const KEY = 'njchan_token_key';

/** More than anybody rotates through. A token without a kid is tried with each, and whoever wants can send such. */
const MAX_KEYS = 32;

/** Endpoints that tokens give no right to, and what is to be said there. */
const WITHOUT_RIGHTS = {
  group: 'a group location; say "njchan_token off" in it',
  subscriberInfo: 'ask who subscribes; say "njchan_token off" in the location',
} as const;

type Sources = readonly TokenKeySource[];

export class TokenPlan {
  readonly #said: Said;
  readonly #directory: string;
  readonly #keys = new Map<Sources, readonly TokenKey[]>();
  /** Names of the sets that endpoints use. */
  readonly #names = new Map<Sources, string>();

  /**
   * Reads every key of the configuration.
   * @param directory of the user's main file, from which relative paths count
   * @param said gets what is wrong with them
   */
  constructor(main: Scope, directory: string, said: Said) {
    this.#said = said;
    this.#directory = directory;
    this.#readAll(main);
  }

  /** The settings of an endpoint, whose keys are from now on in use. */
  use(scope: Scope): TokenSettings {
    const { values } = scope;
    const tokenMode = modeOf(scope);
    if (tokenMode === 'off') return { ...DEFAULT_TOKEN_SETTINGS };
    return {
      tokenMode,
      tokenKeys: this.#nameOf(scope),
      tokenFrom: values.tokenFrom ?? DEFAULT_TOKEN_SETTINGS.tokenFrom,
      tokenIssuer: values.tokenIssuer ?? DEFAULT_TOKEN_SETTINGS.tokenIssuer,
      tokenAudience: values.tokenAudience ?? DEFAULT_TOKEN_SETTINGS.tokenAudience,
      tokenLeeway: values.tokenLeeway ?? DEFAULT_TOKEN_SETTINGS.tokenLeeway,
      tokenClaim: values.tokenClaim ?? DEFAULT_TOKEN_SETTINGS.tokenClaim,
    };
  }

  /** Tells of a location for figures that says it wants tokens: they are about channels. */
  noticeUnused(scope: Scope): void {
    const directive = scope.ours.find(({ name }) => name === 'njchan_token');
    if (directive && modeOf(scope) !== 'off') {
      const message = 'njchan_token has no effect here: this location has no channels';
      this.#said.notices.add(directive.file, directive.endLine, message);
    }
  }

  /** Refuses tokens where they give no rights, for a location that would be open in spite of them. */
  refuseAt(scope: Scope, serves: keyof typeof WITHOUT_RIGHTS): void {
    if (modeOf(scope) === 'off') return;
    const by = scope.values.tokenMode === undefined ? KEY : 'njchan_token';
    const { file, endLine } = whoSays(by, scope);
    const message = `${by}: tokens give no right to ${WITHOUT_RIGHTS[serves]}, and protect it otherwise`;
    this.#said.problems.add(file, endLine, message);
  }

  /** The text of the file of keys (TokenKeySets); undefined when no endpoint uses any. */
  keyFile(): string | undefined {
    if (this.#names.size === 0) return undefined;
    const sets = [...this.#names].map(([sources, name]) => [name, this.#keys.get(sources)] as const);
    return `${JSON.stringify(Object.fromEntries(sets))}\n`;
  }

  #nameOf(scope: Scope): string {
    const sources = scope.values.tokenKeySources;
    if (!sources) {
      const { file, endLine } = whoSays('njchan_token', scope);
      this.#said.problems.add(file, endLine, `njchan_token: there is no ${KEY} for it`);
      return '';
    }
    const name = this.#names.get(sources) ?? String(this.#names.size + 1);
    this.#names.set(sources, name);
    return name;
  }

  #readAll(scope: Scope): void {
    const { tokenKeySources } = scope.own;
    // A directive that could not be read is none of the sources, but then there is a problem already.
    if (tokenKeySources)
      this.#readSet(
        tokenKeySources,
        scope.ours.filter(({ name }) => name === KEY),
      );
    for (const child of scope.children) this.#readAll(child);
  }

  #readSet(sources: Sources, directives: readonly Directive[]): void {
    const kids = new Set<string>();
    const keys: TokenKey[] = [];
    sources.forEach((source, index) => {
      const { file, endLine } = directives[index] as Directive;
      try {
        const found = readKeyFile(this.#content(source.file), source);
        for (const notice of found.notices) this.#said.notices.add(file, endLine, `${KEY}: ${notice}`);
        for (const { kid } of found.keys) {
          if (kid !== '' && kids.has(kid))
            throw new TokenKeyError(`has the kid "${kid}", as another key has`);
          kids.add(kid);
        }
        keys.push(...found.keys);
        if (keys.length > MAX_KEYS) throw new TokenKeyError(`makes more than ${MAX_KEYS} keys`);
      } catch (error) {
        if (!(error instanceof TokenKeyError)) throw error;
        this.#said.problems.add(file, endLine, `${KEY}: "${source.file}" ${error.message}`);
      }
    });
    this.#keys.set(sources, keys);
  }

  #content(file: string): Buffer {
    const path = resolve(this.#directory, file);
    try {
      const { size } = statSync(path);
      if (size > MAX_KEY_FILE_BYTES) throw new TokenKeyError(`has ${size} bytes, which no key has`);
      return readFileSync(path);
    } catch (error) {
      if (error instanceof TokenKeyError) throw error;
      throw new TokenKeyError(`cannot be read: ${(error as Error).message}`);
    }
  }
}

/** A location for which somebody named keys needs tokens, unless it says otherwise: forgetting one must not open it. */
function modeOf({ values }: Scope): TokenMode {
  return values.tokenMode ?? (values.tokenKeySources ? 'required' : 'off');
}

/** The nearest directive of a name that is in force. */
function whoSays(name: string, scope: Scope): Directive {
  let level: Scope | undefined = scope;
  for (; level; level = level.parent) {
    const found = level.ours.find((directive) => directive.name === name);
    if (found) return found;
  }
  throw new Error(`${name} is in force, but nobody says it`);
}
