/** What hsss says about Redis, asked of a real one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { embed } from '../../lua/hsss/embed.ts';
import { REDIS_GLOBALS } from '../../lua/hsss/redis-globals.ts';
import { tempDir } from '../support/files.ts';
import { startRedis } from '../support/redis.ts';
import { scriptsOf } from '../unit/hsss/modules.ts';
import { NASTY } from '../unit/hsss/nasty.ts';

describe('a real Redis', async () => {
  const redis = await (await startRedis()).connect();

  it('computes the hash that the module has, for every source', async () => {
    const dir = tempDir();
    const files = Object.entries(NASTY).map(([name, text]) => {
      const file = join(dir, `${name}.lua`);
      writeFileSync(file, text, 'latin1');
      return file;
    });
    const scripts = await scriptsOf(embed(files));
    expect(Object.keys(scripts)).toEqual(Object.keys(NASTY));
    for (const { name, sha1, source } of Object.values(scripts)) {
      expect({ name, sha1: await redis.call('SCRIPT', 'LOAD', source) }).toEqual({ name, sha1 });
    }
  });

  it('has the globals that lint knows of', async () => {
    const names = 'local t = {} for name in pairs(_G) do t[#t + 1] = name end return t';
    const found = new Set((await redis.call('EVAL', names, '0')) as string[]);
    // Later versions have more.
    expect([...REDIS_GLOBALS].filter((name) => !found.has(name))).toEqual([]);
  });

  it.each([
    ['return print', 'nonexistent global variable'],
    ['x = 1', 'readonly table|global variable'],
    ['redis.x = 1', 'readonly table'],
    ['#!/usr/bin/lua\nreturn 1', 'shebang|scripting engine'],
  ])('refuses what lint refuses: %j', async (source, message) => {
    await expect(redis.call('EVAL', source, '0')).rejects.toThrow(new RegExp(message));
  });

  it('takes a first line with options, and counts it', async () => {
    const source = '#!lua flags=no-writes\nlocal x\nreturn x.y';
    await expect(redis.call('EVAL', source, '0')).rejects.toThrow('user_script:3:');
  });
});
