/** The wordings are real ones of the servers named: what they answered to small failing scripts, with another hash. */
import { describe, expect, it } from 'vitest';
import { readScriptError, ScriptError, scriptError, scriptsBySha1 } from '../../../lua/script-error.ts';
import { linesWithInclude, sampleScript } from '../../support/scripts.ts';

const publish = sampleScript({ name: 'publish', source: 'return 1', lines: linesWithInclude('publish') });
const scripts = scriptsBySha1([publish]);
const UNKNOWN = 'c6929c34f10b0fe8eaba42cde275652f32904e03';

/** Redis 6's way to say that line N of a script failed. */
function six(text: string, place = '@user_script:2', sha1 = publish.sha1): string {
  return `ERR Error running script (call to f_${sha1}): ${place}: ${text}`;
}

/** The way of Redis 7 and 8 and Valkey 8. */
function seven(text: string, place = '@user_script:2', sha1 = publish.sha1): string {
  return `${text} script: ${sha1}, on ${place}.`;
}

function replyError(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}

interface Case {
  readonly what: string;
  /** By server; where one is missing, it words it as another does. */
  readonly replies: Readonly<Record<string, string>>;
  readonly message: string;
  readonly code?: string;
}

const INDEX = "user_script:2: attempt to index local 'x' (a nil value)";
const WRONGTYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';
const OOM = "OOM command not allowed when used memory > 'maxmemory'.";
const READONLY = "READONLY You can't write against a read only replica.";

const SCRIPT_FAILED: readonly Case[] = [
  {
    what: 'an error of Lua',
    replies: { 'Redis 6': six(INDEX), 'Redis 7': seven(`ERR ${INDEX}`) },
    message: "publish.lua:2: attempt to index local 'x' (a nil value)",
  },
  {
    what: 'an error of Lua in an include',
    replies: {
      'Redis 6': six('user_script:4: no', '@user_script:4'),
      'Redis 7': seven('ERR user_script:4: no', '@user_script:4'),
    },
    message: 'publish.lua:3 (include/channel.lua:7): no',
  },
  {
    what: 'an error of Lua after an include',
    replies: {
      'Redis 6': six('user_script:8: no', '@user_script:8'),
      'Redis 7': seven('ERR user_script:8: no', '@user_script:8'),
    },
    message: 'publish.lua:6: no',
  },
  {
    what: 'error() with a string that looks like a code',
    replies: { 'Redis 6': six('user_script:2: MYERR bad'), 'Redis 7': seven('ERR user_script:2: MYERR bad') },
    message: 'publish.lua:2: MYERR bad',
  },
  {
    what: 'error() without a place',
    replies: { 'Redis 6': six('bad thing'), 'Redis 7': seven('ERR bad thing') },
    message: 'publish.lua:2: bad thing',
  },
  {
    what: "error() that blames its function's caller",
    replies: { 'Redis 6': six('user_script:6: bad'), 'Redis 7': seven('ERR user_script:6: bad') },
    message: 'publish.lua:4: bad',
  },
  {
    what: 'a caught error that is raised again',
    replies: {
      'Redis 6': six('user_script:6: user_script:2: inner', '@user_script:6'),
      'Redis 7': seven('ERR user_script:6: user_script:2: inner', '@user_script:6'),
    },
    message: 'publish.lua:4: publish.lua:2: inner',
  },
  {
    what: 'error() with a table',
    replies: { 'Redis 7': seven('MYERR bad thing') },
    message: 'publish.lua:2: MYERR bad thing',
    code: 'MYERR',
  },
  {
    what: 'error() with a table, which Redis 6 fails to show',
    replies: {
      'Redis 6': six(
        "err_handler_def:8: attempt to concatenate local 'err' (a table value)",
        '@err_handler_def:8',
      ),
    },
    message: "publish.lua: err_handler_def:8: attempt to concatenate local 'err' (a table value)",
  },
  {
    what: 'error() without anything',
    replies: { 'Redis 7': seven('ERR nil') },
    message: 'publish.lua:2: nil',
  },
  {
    what: 'an error of code that the script loaded from a string',
    replies: { 'Redis 7': seven(`ERR [string "error('x')"]:1: x`, "error('x'):1") },
    message: `publish.lua: [string "error('x')"]:1: x`,
  },
  {
    what: 'an error of code that the script loaded from a string',
    replies: { 'Redis 6': six(`[string "error('x')"]:1: x`, "error('x'):1") },
    message: `publish.lua: error('x'):1: [string "error('x')"]:1: x`,
  },
  {
    what: 'redis.call that fails',
    replies: { 'Redis 6': six(WRONGTYPE), 'Redis 7': seven(WRONGTYPE) },
    message: `publish.lua:2: ${WRONGTYPE}`,
    code: 'WRONGTYPE',
  },
  {
    what: 'redis.call that fails, caught by pcall and raised again',
    replies: {
      'Redis 6': six(`user_script:2: ${WRONGTYPE}`),
      'Redis 7': seven(`ERR user_script:2: ${WRONGTYPE}`),
    },
    message: `publish.lua:2: ${WRONGTYPE}`,
  },
  {
    what: 'redis.pcall that fails, raised with error()',
    replies: { 'Redis 7': seven(WRONGTYPE) },
    message: `publish.lua:2: ${WRONGTYPE}`,
    code: 'WRONGTYPE',
  },
  {
    what: 'an unknown command',
    replies: { 'Redis 6': six('@user_script: 2: Unknown Redis command called from Lua script') },
    message: 'publish.lua:2: Unknown Redis command called from Lua script',
  },
  {
    what: 'an unknown command',
    replies: { 'Redis 7': seven('ERR Unknown Redis command called from script') },
    message: 'publish.lua:2: Unknown Redis command called from script',
  },
  {
    what: 'an unknown command',
    replies: { 'Valkey 8': seven('ERR Unknown command called from script') },
    message: 'publish.lua:2: Unknown command called from script',
  },
  {
    what: 'a command that the user may not call',
    replies: {
      'Redis 6': six("@user_script: 2: The user executing the script can't run this command or subcommand"),
      'Redis 7': seven("ERR The user executing the script can't run this command or subcommand"),
    },
    message: "publish.lua:2: The user executing the script can't run this command or subcommand",
  },
  {
    what: 'a command that the user may not call',
    replies: {
      'Redis 8': seven("ERR ACL failure in script: User bob has no permissions to run the 'set' command"),
    },
    message: "publish.lua:2: ACL failure in script: User bob has no permissions to run the 'set' command",
  },
  {
    what: 'a write to a global variable',
    replies: { 'Redis 7': seven('ERR user_script:2: Attempt to modify a readonly table') },
    message: 'publish.lua:2: Attempt to modify a readonly table',
  },
  {
    what: 'a write to a global variable',
    replies: {
      'Redis 6': six(
        "user_script:2: Script attempted to create global variable 'foo'",
        '@enable_strict_lua:8',
      ),
    },
    message: "publish.lua:2: Script attempted to create global variable 'foo'",
  },
  {
    what: 'a read of a global variable',
    replies: {
      'Redis 6': six(
        "user_script:2: Script attempted to access nonexistent global variable 'foo'",
        '@enable_strict_lua:15',
      ),
      'Redis 7': seven("ERR user_script:2: Script attempted to access nonexistent global variable 'foo'"),
    },
    message: "publish.lua:2: Script attempted to access nonexistent global variable 'foo'",
  },
  {
    what: 'no memory left',
    replies: { 'Redis 6': six(`@user_script: 2: -${OOM}`), 'Redis 7': seven(OOM) },
    message: `publish.lua:2: ${OOM}`,
    code: 'OOM',
  },
  {
    what: 'a write on a replica',
    replies: { 'Redis 6': six(`@user_script: 2: -${READONLY}`), 'Redis 7': seven(READONLY) },
    message: `publish.lua:2: ${READONLY}`,
    code: 'READONLY',
  },
  {
    what: 'SCRIPT KILL',
    replies: {
      'Redis 6': six('Script killed by user with SCRIPT KILL...'),
      'Redis 7': seven('ERR Script killed by user with SCRIPT KILL...'),
    },
    message: 'publish.lua:2: Script killed by user with SCRIPT KILL...',
  },
  {
    what: 'a script that is none of ours',
    replies: {
      'Redis 6': six('user_script:2: bad', '@user_script:2', UNKNOWN),
      'Redis 7': seven('ERR user_script:2: bad', '@user_script:2', UNKNOWN),
    },
    message: `unknown script ${UNKNOWN}, line 2: bad`,
  },
];

/** Replies that do not name the script, which is therefore known from the call alone. */
const ABOUT_THE_CALL: readonly (Omit<Case, 'replies'> & { reply: string; called?: string })[] = [
  {
    what: 'an error reply that the script made',
    reply: 'MYERR bad',
    message: 'publish.lua: MYERR bad',
    code: 'MYERR',
  },
  {
    what: 'an error reply with a dash, as Redis 6 passes it on',
    reply: '-MYERR bad',
    message: 'publish.lua: MYERR bad',
    code: 'MYERR',
  },
  { what: 'an error reply without a code', reply: 'ERR bad', message: 'publish.lua: bad' },
  {
    what: 'the reply of redis.pcall, returned',
    reply: WRONGTYPE,
    message: `publish.lua: ${WRONGTYPE}`,
    code: 'WRONGTYPE',
  },
  {
    what: 'an error that the script caught and returned',
    reply: 'user_script:4: inner',
    message: 'publish.lua:3 (include/channel.lua:7): inner',
  },
  {
    what: 'a script that is not Lua',
    reply: "ERR Error compiling script (new function): user_script:2: unexpected symbol near 'not'",
    message: "publish.lua:2: unexpected symbol near 'not'",
  },
  {
    what: 'a script that the server does not have',
    reply: 'NOSCRIPT No matching script. Please use EVAL.',
    message: 'publish.lua: NOSCRIPT No matching script. Please use EVAL.',
    code: 'NOSCRIPT',
  },
  {
    what: 'a hash that nobody knows',
    reply: 'NOSCRIPT No matching script.',
    called: UNKNOWN,
    message: `unknown script ${UNKNOWN}: NOSCRIPT No matching script.`,
    code: 'NOSCRIPT',
  },
  {
    what: 'a hash in capitals',
    reply: 'ERR bad',
    called: publish.sha1.toUpperCase(),
    message: 'publish.lua: bad',
  },
];

const ABOUT_THE_SERVER = [
  'BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  'BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.',
  "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
  'MISCONF Redis is configured to save RDB snapshots, but it is currently unable to persist to disk.',
  'NOAUTH Authentication required.',
  "NOPERM this user has no permissions to run the 'evalsha' command",
  'LOADING Redis is loading the dataset in memory',
  'MOVED 866 127.0.0.1:7001',
  OOM,
  READONLY,
];

describe('the error of a script', () => {
  const cases = SCRIPT_FAILED.flatMap(({ replies, code = 'ERR', ...rest }) =>
    Object.entries(replies).map(([server, reply]) => ({ server, reply, code, ...rest })),
  );
  it.each(cases)('names script and place: $what, on $server', ({ reply, message, code }) => {
    expect(readScriptError(reply, scripts)).toMatchObject({ message, code });
  });

  it.each(ABOUT_THE_CALL)('names the script that was called: $what', (one) => {
    const { reply, called = publish.sha1, message, code = 'ERR' } = one;
    expect(readScriptError(reply, scripts, called)).toMatchObject({ message, code });
  });

  it.each(ABOUT_THE_SERVER)('is not what the server says about itself: %s', (reply) => {
    expect(readScriptError(reply, scripts, publish.sha1)).toBeUndefined();
  });

  it('takes the hash from where only the server writes', () => {
    const forged = `x script: ${UNKNOWN}, on @user_script:1.`;
    const message = `publish.lua:2: ${forged}`;
    expect(readScriptError(seven(`ERR ${forged}`), scripts)?.message).toBe(message);
    expect(readScriptError(six(forged), scripts)?.message).toBe(message);
    const made = readScriptError(`MYERR ${forged}`, scripts, publish.sha1);
    expect(made?.message).toBe(`publish.lua: MYERR ${forged}`);
  });

  it('has no control characters in its message, and an end', () => {
    const message = readScriptError(seven('ERR a\u001b[31m\nb\u009b\u2028'), scripts)?.message;
    expect(message).toBe('publish.lua:2: a\\u001b[31m\\u000ab\\u009b\\u2028');
    const long = readScriptError(seven(`ERR ${'x'.repeat(100_000)}`), scripts)?.message;
    expect(long?.length).toBeLessThan(1_100);
    expect(long).toMatch(/x…$/);
  });

  it('keeps the reply as its cause, and the script and the code', () => {
    const reply = replyError(seven(WRONGTYPE));
    const error = scriptError(reply, scripts) as ScriptError;
    expect(error).toBeInstanceOf(ScriptError);
    expect(error).toMatchObject({ cause: reply, code: 'WRONGTYPE', script: publish, sha1: publish.sha1 });
    expect(String(error)).toBe(`ScriptError: publish.lua:2: ${WRONGTYPE}`);
  });

  it('does not carry the script into a log', () => {
    const error = scriptError(replyError(seven(WRONGTYPE)), scripts) as ScriptError;
    expect(Object.keys(error)).not.toContain('script');
  });

  it('leaves everything else as it is', () => {
    const lost = new Error('Connection is closed.');
    expect(scriptError(lost, scripts, publish.sha1)).toBe(lost);
    const busy = replyError(ABOUT_THE_SERVER[0] as string);
    expect(scriptError(busy, scripts, publish.sha1)).toBe(busy);
    const other = replyError('ERR unknown command');
    expect(scriptError(other, scripts)).toBe(other);
  });
});
