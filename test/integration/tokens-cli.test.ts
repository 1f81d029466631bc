/** What the commands do with the keys of tokens. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { nginx, run } from '../support/compiled-nginx.ts';
import { tempDir } from '../support/files.ts';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';

const SECRET = 'x'.repeat(40);

/** A configuration beside its secret, for commands that do not serve it. */
function configuration(words = 'alg=HS256'): { dir: string; file: string } {
  const dir = tempDir();
  const file = join(dir, 'nginx.conf');
  writeFileSync(join(dir, 'secret'), SECRET);
  writeFileSync(file, nginxConf(1, `location / {\nnchan_pubsub;\nnjchan_token_key secret ${words};\n}`));
  return { dir, file };
}

it('compile writes them beside its output, for nobody else to read', async () => {
  const { dir, file } = configuration();
  const output = join(dir, 'compiled.conf');
  expect((await runCli(['compile', file, '-o', output])).code).toBe(0);
  const keys = `${output}.token-keys.json`;
  expect(statSync(keys).mode & 0o777).toBe(0o600);
  expect(JSON.parse(readFileSync(keys, 'utf8'))).toEqual({
    1: [{ kid: '', algorithms: ['HS256'], data: Buffer.from(SECRET).toString('base64') }],
  });
  const { status, output: said } = await run(nginx.path, ['-t', '-q', '-c', output, ...nginx.baseArguments]);
  expect({ status, said }).toMatchObject({ status: 0 });
});

it('compile does not print them', async () => {
  const { file } = configuration();
  const { code, stdout, stderr } = await runCli(['compile', file]);
  expect(code).toBe(0);
  expect(stdout).toMatch(/js_preload_object njchan_token_keys from \S+\/token-keys-0\.json;/);
  expect(stdout).not.toContain(SECRET);
  expect(stderr).toContain('the keys of tokens are not printed');
});

it('check lets nginx load them, and names the line of a key that is wrong', async () => {
  const good = await runCli(['check', configuration().file]);
  expect(good).toMatchObject({ code: 0, stderr: '' });
  const { file } = configuration('alg=HS512');
  const bad = await runCli(['check', file]);
  expect(bad.code).toBe(1);
  expect(bad.stderr).toBe(
    `${file}:13: njchan_token_key: "secret" is a secret of 40 bytes; HS512 takes at least 64 (RFC 7518 §3.2)\n`,
  );
});

it('up removes them when it stops, and a reload keeps only its own', async () => {
  const secret = join(tempDir(), 'secret');
  writeFileSync(secret, SECRET);
  const key = `location / { nchan_pubsub; njchan_token_key ${secret} alg=HS256; }`;
  const njchan = await startNjchan({ config: key });
  const files = (): string[] => readdirSync(njchan.runDir).filter((name) => name.includes('token-keys'));
  expect(files()).toEqual(['token-keys-0.json']);
  const reload = async () => (await runCli(['reload', '--run-dir', njchan.runDir])).code;
  expect(await reload()).toBe(0);
  expect(files()).toEqual(['token-keys-1.json']);
  writeFileSync(njchan.configFile, nginxConf(njchan.port, key.replace('HS256', 'HS257')));
  expect(await reload()).toBe(1);
  writeFileSync(njchan.configFile, nginxConf(njchan.port, `${key} unknown_directive;`));
  expect(await reload()).toBe(1);
  expect(files()).toEqual(['token-keys-1.json']);
  writeFileSync(njchan.configFile, nginxConf(njchan.port, 'location / { nchan_pubsub; }'));
  expect(await reload()).toBe(0);
  expect(files()).toEqual([]);
  writeFileSync(njchan.configFile, nginxConf(njchan.port, key));
  expect(await reload()).toBe(0);
  expect(files()).toEqual(['token-keys-3.json']);
  await njchan.stop();
  expect(existsSync(njchan.runDir)).toBe(false);
});
