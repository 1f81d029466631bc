/**
 * The user's directives that still matter once a request has been handed off. The answer is sent from a named location
 * that belongs to the server, so whatever a location, or one around it, says about answering has to be said there again.
 * Directives of the http and server levels apply there by themselves; rewriting and access control have run already.
 */
import type { Directive } from './parser.ts';
import type { Scope } from './scopes.ts';

/** Names, or beginnings of names (`…*`), and why they matter while answering. */
const COPIED: readonly (readonly [reason: string, names: string])[] = [
  [
    "the answer's headers",
    `add_header* add_trailer* expires more_set_headers more_clear_headers server_tokens default_type types
     types_hash_bucket_size types_hash_max_size charset* override_charset source_charset userid* js_header_filter
     header_filter_by_lua*`,
  ],
  [
    "the answer's body",
    // Not gzip and its like: nginx would drop the Etag, by which clients resume.
    `gunzip* sub_filter* subs_filter* add_before_body add_after_body addition_types ssi*
     js_body_filter body_filter_by_lua* msie_padding`,
  ],
  ['error pages', 'error_page recursive_error_pages msie_refresh'],
  ['logs', 'access_log error_log log_not_found log_subrequest log_by_lua* open_log_file_cache post_action'],
  [
    'sending',
    `limit_rate limit_rate_after send_timeout send_lowat sendfile sendfile_max_chunk tcp_* postpone_output
     output_buffers`,
  ],
  ['the connection afterwards', 'keepalive_* lingering_* reset_timedout_connection'],
  ["reading the request's body", 'client_max_body_size client_body_*'],
];

const NAMES: ReadonlySet<string> = new Set(COPIED.flatMap(([, names]) => names.split(/\s+/)));
const PREFIXES: readonly string[] = [...NAMES]
  .filter((name) => name.endsWith('*'))
  .map((name) => name.slice(0, -1));

function matters({ name }: Directive): boolean {
  return NAMES.has(name) || PREFIXES.some((prefix) => name.startsWith(prefix));
}

/**
 * The directives to repeat for an endpoint. Of each name only those of the nearest level that has any are in force, as
 * is nginx's rule for nearly all of them; more would be refused as duplicates.
 */
export function copiedDirectives(endpoint: Scope): readonly Directive[] {
  const copied: Directive[] = [];
  const seen = new Set<string>();
  for (let scope: Scope | undefined = endpoint; scope && isInLocation(scope); scope = scope.parent) {
    const nearest = scope.others.filter((directive) => matters(directive) && !seen.has(directive.name));
    for (const { name } of nearest) seen.add(name);
    copied.unshift(...nearest);
  }
  return copied;
}

function isInLocation({ context }: Scope): boolean {
  return context === 'location' || context === 'if';
}
