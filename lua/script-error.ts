/** Names the script and the place in the errors that Redis reports for a script. */
import { describeLine } from './hsss/line-table.ts';
import type { Script } from './hsss/script.ts';

/** Scripts by their SHA1 in lower-case hexadecimal. */
export type ScriptsBySha1 = ReadonlyMap<string, Script>;

/** @returns the lookup that scriptError takes */
export function scriptsBySha1(scripts: Iterable<Script>): ScriptsBySha1 {
  return new Map(Array.from(scripts, (script) => [script.sha1, script]));
}

/**
 * A script failed. The message says which and where: `publish.lua:41: attempt to index …`; `cause` is what the client
 * library threw.
 */
export class ScriptError extends Error {
  override readonly name = 'ScriptError';
  /** The error's first word, as Redis's own errors have it: `WRONGTYPE`, `NOSCRIPT`; `ERR` when it has none. */
  readonly code: string;
  readonly sha1: string;
  readonly #script: Script | undefined;

  constructor(report: ScriptReport, cause: Error) {
    super(report.message, { cause });
    this.code = report.code;
    this.sha1 = report.sha1;
    this.#script = report.script;
  }

  /** Undefined when the hash is none of ours. No property of its own, or logs would have the whole source. */
  get script(): Script | undefined {
    return this.#script;
  }

  /** The same for all failures of a script for one reason, wherever in it they happen. */
  get kind(): string {
    return this.code === 'ERR' ? this.message : `${this.#script?.name ?? this.sha1} ${this.code}`;
  }
}

/** What an error reply says about a script. */
export interface ScriptReport {
  /** Safe to log: control characters are escaped, the length is bounded. */
  readonly message: string;
  readonly code: string;
  readonly sha1: string;
  readonly script: Script | undefined;
}

/** What a script puts into an error may have come from a client. Longer messages are cut. */
const MAX_MESSAGE_CHARS = 1_000;

/**
 * How servers word it, with the parts of each that matter. Measured on Redis 6.0.16, 7.0.15, 8.0.2 and Valkey 8.1.1.
 * A script can put any text into its message, so each pattern takes the hash from where only the server writes.
 */
const WORDINGS: readonly RegExp[] = [
  // Redis 6. The chunk is not always the script: `@enable_strict_lua:8: user_script:2: …`.
  /^ERR Error running script \(call to f_(?<sha1>[0-9a-f]{40})\): (?:@(?<chunk>\w+):(?<line>\d+): )?(?<text>.*)$/s,
  // Redis 7 and 8, Valkey 8. The greedy text leaves the last "script:" to the server.
  /^(?<text>.*) script: (?<sha1>[0-9a-f]{40}), on @?(?<chunk>.*?):(?<line>\d+)\.$/s,
  // All of them, to SCRIPT LOAD and EVAL: the hash is only known from the call.
  /^ERR Error compiling script \(new function\): (?<text>.*)$/s,
];

/** What Lua calls every script. */
const CHUNK = 'user_script';

/** How Redis 6 begins what redis.call itself refuses. */
const CALL_PLACE = /^@user_script: \d+: /;

/** Lua's `error`, and each re-raise of a caught string, puts its place before the message. */
const OWN_PLACE = /^user_script:(\d+): /;

/** The dash is Redis 6's: `-OOM command not allowed …`. */
const CODE = /^-?([A-Z][A-Z0-9_]{2,})(?: |$)/;

/** Errors with these codes are about the server or the connection, unless the server names a script in them. */
const SERVER_CODES: ReadonlySet<string> = new Set([
  'ASK',
  'BUSY',
  'CLUSTERDOWN',
  'CROSSSLOT',
  'DENIED',
  'EXECABORT',
  'IOERR',
  'LOADING',
  'MASTERDOWN',
  'MISCONF',
  'MOVED',
  'NOAUTH',
  'NOPERM',
  'NOPROTO',
  'NOREPLICAS',
  'NOTBUSY',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNKILLABLE',
  'WRONGPASS',
]);

/** Characters that could forge a line of a log or drive a terminal. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function safe(text: string): string {
  const cut = text.length > MAX_MESSAGE_CHARS ? `${text.slice(0, MAX_MESSAGE_CHARS)}…` : text;
  return cut.replace(UNSAFE, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What the server says, before hash and lines are looked up. */
interface Wording {
  readonly sha1: string | undefined;
  /** Where the server saw the error, in lines of the embedded source. */
  readonly line: number | undefined;
  readonly text: string;
}

function readWording(message: string): Wording | undefined {
  for (const pattern of WORDINGS) {
    const groups = pattern.exec(message)?.groups;
    if (groups) {
      const { sha1, chunk, line, text = '' } = groups;
      return { sha1, line: chunk === CHUNK ? Number(line) : undefined, text };
    }
  }
  return undefined;
}

function describePlace(sha1: string, script: Script | undefined, line: number | undefined): string {
  if (script) return line === undefined ? `${script.name}.lua` : describeLine(script, line);
  return `unknown script ${sha1}${line === undefined ? '' : `, line ${line}`}`;
}

/**
 * Reads an error reply that may be about a script.
 * @param message - as Redis sent it, without the leading dash of the protocol
 * @param called - hash of the script that the failed command called or loaded. Replies that a script made itself
 *   (`redis.error_reply`), NOSCRIPT and errors of the compiler do not name it.
 * @returns undefined when the reply is not about a script
 */
export function readScriptError(
  message: string,
  scripts: ScriptsBySha1,
  called?: string,
): ScriptReport | undefined {
  const calledSha1 = called?.toLowerCase();
  let wording = readWording(message);
  // Scripts cannot call scripts: another hash is one that a client got into the reply.
  if (calledSha1 !== undefined && calledSha1 !== (wording?.sha1 ?? calledSha1)) wording = undefined;
  const sha1 = calledSha1 ?? wording?.sha1;
  if (sha1 === undefined) return undefined;
  const script = scripts.get(sha1);

  let text = (wording?.text ?? message).replace(CALL_PLACE, '');
  const code = CODE.exec(text)?.[1] ?? 'ERR';
  if (!wording && SERVER_CODES.has(code)) return undefined;
  if (code === 'ERR') text = text.replace(/^ERR /, '');
  else text = text.replace(/^-/, '');

  // The message's own place is the better one: with `error(message, 2)` it is the caller's, as the script wanted, and
  // where a caught error is raised again it is the first one's.
  const own: (number | undefined)[] = [];
  for (let match = OWN_PLACE.exec(text); match; match = OWN_PLACE.exec(text)) {
    own.push(Number(match[1]));
    text = text.slice(match[0].length);
  }
  if (own.length === 0) own.push(wording?.line);
  const places = own.map((line) => describePlace(sha1, script, line));
  return { message: safe([...places, text].join(': ')), code, sha1, script };
}

/**
 * Turns an error reply into one that says which script failed, and where. Errors about something else, and those that
 * are no replies of Redis (a lost connection), come back as they are.
 * @param error - what the client library threw; replies have the name `ReplyError`
 * @param called - as for readScriptError
 */
export function scriptError(error: Error, scripts: ScriptsBySha1, called?: string): Error {
  if (error.name !== 'ReplyError') return error;
  const report = readScriptError(error.message, scripts, called);
  return report ? new ScriptError(report, error) : error;
}
