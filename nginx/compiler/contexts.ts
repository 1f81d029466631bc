/** Which block a directive stands in, as far as Nchan's directives and `include` care. */

/**
 * `plain` blocks hold directives, but none of ours is allowed there; `opaque` ones (`map`, `types`, Lua, blocks of
 * modules that we do not know) hold data, and what looks like one of our directives in there is none.
 */
export type Context =
  | 'main'
  | 'http'
  | 'upstream'
  | 'server'
  | 'location'
  | 'if'
  | 'limit_except'
  | 'plain'
  | 'opaque';

/** Blocks whose content is directives, by the block around them. */
const BLOCKS: Readonly<Record<Context, Readonly<Record<string, Context>>>> = {
  main: { http: 'http', events: 'plain', stream: 'plain', mail: 'plain' },
  http: { server: 'server', upstream: 'upstream' },
  upstream: {},
  server: { location: 'location', if: 'plain' },
  location: { location: 'location', if: 'if', limit_except: 'limit_except' },
  if: {},
  limit_except: {},
  plain: { server: 'plain', upstream: 'plain' },
  opaque: {},
};

/** The context inside the block `name { }` when it stands in `outer`. */
export function contextInside(outer: Context, name: string): Context {
  const known = BLOCKS[outer];
  return Object.hasOwn(known, name) ? (known[name] as Context) : 'opaque';
}
