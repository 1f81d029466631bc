/**
 * Paths that nginx looks up from the directory of its configuration file. The compiled file is in another directory, so
 * those that are relative are written out in full. Paths that nginx looks up from its prefix (logs, `root`, `pid`,
 * `load_module`, temporary and cache directories, stylesheets, Perl modules) need nothing.
 */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import type { Token } from './lexer.ts';
import type { Directive } from './parser.ts';

/** Observed for http, proxy, uwsgi and grpc with nginx 1.22; the other modules load their files the same way. */
const TLS_FILE =
  /^(?:(?:proxy|grpc|uwsgi|zone_sync)_)?ssl_(?:certificate|certificate_key|trusted_certificate|client_certificate|crl|dhparam|password_file|session_ticket_key|stapling_file|ech_file)$/;

/** The path is the last argument: `js_import name from path`. */
const OTHERS: ReadonlySet<string> = new Set([
  'include',
  'auth_basic_user_file',
  'auth_digest_user_file',
  'auth_jwt_key_file',
  'js_fetch_trusted_certificate',
  'js_import',
  'js_path',
  'js_preload_object',
  'quic_host_key',
]);

/** Looked up in the directories of `js_path` as well, so only those that are where nginx looks first are known. */
const SEARCHED = new Set(['js_import']);

/** Values that name no file: data in place, an engine's key, or a path that begins with a variable. */
const NO_PATH = /^(?:data:|engine:|store:|\$|$)/;

/**
 * The argument of a directive that has to be replaced, with its full path.
 * @param directory the directory of the user's main file
 */
export function relativePath(
  directive: Directive,
  directory: string,
): { token: Token; path: string } | undefined {
  if (!TLS_FILE.test(directive.name) && !OTHERS.has(directive.name)) return undefined;
  const token = directive.args.at(-1);
  if (!token || isAbsolute(token.text) || NO_PATH.test(token.text)) return undefined;
  const path = resolve(directory, token.text);
  if (SEARCHED.has(directive.name) && !existsSync(path)) return undefined;
  return { token, path };
}
