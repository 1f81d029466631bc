/**
 * What a script finds in Redis: the names in `_G` of Redis 7.0.15, as `EVAL` lists them. Reading another one ends a
 * script with "Script attempted to access nonexistent global variable", writing one is an error too.
 */
export const REDIS_GLOBALS: ReadonlySet<string> = new Set([
  // Redis's own.
  ...['ARGV', 'KEYS', 'redis', 'bit', 'cjson', 'cmsgpack', 'struct', '__redis__err__handler'],
  // Lua's libraries.
  ...['coroutine', 'math', 'string', 'table'],
  // Lua's functions. There is no print, require, dofile, os, io or debug.
  ...['assert', 'collectgarbage', 'error', 'gcinfo', 'getmetatable', 'ipairs', 'load', 'loadstring', 'next'],
  ...['pairs', 'pcall', 'rawequal', 'rawget', 'rawset', 'select', 'setmetatable', 'tonumber', 'tostring'],
  ...['type', 'unpack', 'xpcall', '_G', '_VERSION'],
]);

/** The tables that belong to one call of a script, which alone may write to their fields. */
export const CALL_TABLES: ReadonlySet<string> = new Set(['ARGV', 'KEYS']);
