import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
// @ts-expect-error plain JavaScript: it runs before TypeScript is built
import { checkRuntime } from '../../njs/tools/runtime-check.mjs';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { BASE_VARIABLES, type GatewayCase } from './cases.ts';
import { CHANNEL_CASES } from './channels.ts';
import { GROUP_CASES } from './groups.ts';
import { MESSAGE_ID_CASES } from './message-ids.ts';
import { ORIGIN_CASES } from './origins.ts';
import { REQUEST_CASES } from './requests.ts';

const CASES: readonly GatewayCase[] = [
  ...REQUEST_CASES,
  ...ORIGIN_CASES,
  ...MESSAGE_ID_CASES,
  ...CHANNEL_CASES,
  ...GROUP_CASES,
];

const BUNDLE = join(REPOSITORY, 'dist/njs/njchan.js');

/** Plays nginx for one request: njs itself has no HTTP outside of nginx. */
const DRIVER = `
import fs from 'fs';
import njchan from 'njchan.js';

const cases = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const results = cases.map((one) => {
  const raw = {};
  Object.keys(one.variables).forEach((name) => { raw[name] = Buffer.from(one.variables[name]); });
  Object.keys(one.bytes).forEach((name) => {
    raw[name] = Buffer.from(one.bytes[name], 'hex');
    one.variables[name] = raw[name].toString(); // as nginx shows them: what is no UTF-8 is replaced
  });
  Object.keys(one.headers).forEach((name) => {
    one.variables['http_' + name.toLowerCase().replace(/-/g, '_')] = one.headers[name];
  });
  let target = null;
  njchan[one.role]({
    method: one.method,
    httpVersion: one.httpVersion,
    headersIn: one.headers,
    variables: one.variables,
    rawVariables: raw,
    internalRedirect: (uri) => { target = uri; },
  });
  return { target: target, variables: one.variables };
});
fs.writeFileSync(process.argv[3], JSON.stringify(results)); // console.log would cut it off
`;

function complete(one: GatewayCase) {
  const variables: Record<string, string> = { ...BASE_VARIABLES, ...one.variables };
  for (const name of one.without ?? []) delete variables[name];
  return {
    role: one.role ?? 'pubsub',
    method: one.method ?? 'GET',
    httpVersion: one.httpVersion ?? '1.1',
    headers: one.headers ?? {},
    bytes: one.bytes ?? {},
    variables,
  };
}

describe('the gateway, run by njs', () => {
  const dir = tempDir();
  cpSync(BUNDLE, join(dir, 'njchan.js'));
  writeFileSync(join(dir, 'driver.js'), DRIVER);
  writeFileSync(join(dir, 'cases.json'), JSON.stringify(CASES.map(complete)));
  const output = join(dir, 'results.json');
  execFileSync('njs', ['-p', dir, join(dir, 'driver.js'), join(dir, 'cases.json'), output]);
  const results: { target: string; variables: Record<string, string> }[] = JSON.parse(
    readFileSync(output, 'utf8'),
  );

  it('answered every case', () => {
    expect(results).toHaveLength(CASES.length);
  });

  it.each(CASES.map((one, i) => [one.name, one, i] as const))('%s', (_name, one, i) => {
    const { target, variables } = results[i] as (typeof results)[number];
    expect(target).toBe('@njchan');
    const given = Object.fromEntries(
      Object.keys(one.expected).map((key) => [key, variables[`njchan_${key}`]]),
    );
    expect(given).toEqual(one.expected);
  });
});

describe('the check of the bundle', () => {
  it.each([
    ['class A {}', 'class'],
    ['for (const x of []) {}', 'for-of'],
    ['f(...[1])', 'spread'],
    ['const { a } = {}', 'destructuring'],
    ['function f(a = 1) {}', 'default parameters'],
    ['a?.b', '?.'],
    ['let a; a ??= 1', '??='],
    ['try {} catch {}', 'catch without a parameter'],
    ['/x/u', 'regular expression flag u'],
    ['/^x$/.test(y)', '$ also matches before a final line break'],
    ['new Map()', 'global Map'],
    ['new URLSearchParams("")', 'global URLSearchParams'],
    ['[].flat()', '.flat'],
    ['Object.fromEntries([])', '.fromEntries'],
    ['"".replaceAll("a", "b")', '.replaceAll'],
    ['Array.from([])', '.from'],
    ['console.log(1)', 'global console'],
  ])('finds %s', (code, what) => {
    const problems: string[] = checkRuntime(code);
    expect(problems.join('\n')).toContain(what);
  });

  it('accepts what njs 0.7.9 has', () => {
    const code =
      'var a = /^x$(?!\\n)/; const f = async (x) => `a`; f(a); Buffer.from(""); JSON.parse("1"); export default { f };';
    expect(checkRuntime(code)).toEqual([]);
  });
});
