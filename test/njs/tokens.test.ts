/** Which channels a token gives rights to, decided by the bundle in the real njs. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REPOSITORY, tempDir } from '../support/files.ts';
import { inSeconds, makeToken } from '../support/tokens.ts';

interface RightsCase {
  /** The patterns of the token. */
  readonly patterns: unknown;
  /** The bytes of the channel's id, in latin1. */
  readonly id: string;
  readonly group?: string;
  readonly allowed: boolean;
}

const allows = (patterns: unknown, ...ids: string[]): RightsCase[] =>
  ids.map((id) => ({ patterns, id, allowed: true }));
const refuses = (patterns: unknown, ...ids: string[]): RightsCase[] =>
  ids.map((id) => ({ patterns, id, allowed: false }));
const inGroup = (group: string, cases: readonly RightsCase[]): RightsCase[] =>
  cases.map((one) => ({ ...one, group }));

const CASES: readonly RightsCase[] = [
  // Exact names
  ...allows(['news'], 'news'),
  ...refuses(['news'], 'new', 'newss', 'News', 'xnews', 'news/', '/news', 'news\n', 'news\0', '*'),
  ...allows(['a', 'b'], 'a', 'b'),
  ...refuses([], 'a'),
  ...refuses([''], 'a'),
  // Prefixes and other patterns
  ...allows(['user-7-*'], 'user-7-', 'user-7-x', 'user-7-x-y', 'user-7-*'),
  ...refuses(['user-7-*'], 'user-7', 'user-77-x', 'xuser-7-x', 'user-7-x/y'),
  ...allows(['*'], '', 'a', 'a b', '\xff\xfe', '\n', '%'),
  ...refuses(['*'], 'a/b', '/'),
  ...allows(['*-x'], '-x', 'a-x', '-x-x'),
  ...refuses(['*-x'], '-x-', 'x', '-xa'),
  ...allows(['a*c'], 'ac', 'abc', 'abcc', 'acbc'),
  ...refuses(['a*c'], 'a', 'c', 'abcd', 'xabc', 'a/c'),
  ...allows(['a*b*c'], 'abc', 'aXbYc', 'abbc', 'abcbc'),
  ...refuses(['a*b*c'], 'acb', 'ac', 'bac'),
  ...refuses(['aa*aa'], 'aa', 'aaa'),
  ...allows(['aa*aa'], 'aaaa'),
  ...allows(['**'], '', 'ab'),
  // Slashes
  ...allows(['a/*'], 'a/b', 'a/'),
  ...refuses(['a/*'], 'a', 'a/b/c', 'b/a'),
  ...allows(['*/*'], 'a/b', '/'),
  // What other languages mean by these
  ...refuses(['.*', 'n?ws', '[a-z]', '{a,b}', '(a|b)', '^a$'], 'a', 'b', 'news'),
  ...allows(['a.b', 'a?b', '[a]', '\\a'], 'a.b', 'a?b', '[a]', '\\a'),
  ...refuses(['a.b'], 'axb'),
  // Bytes: UTF-8, or percent-encoded
  ...allows(['münchen'], 'm\xc3\xbcnchen'),
  ...refuses(['münchen'], 'm\xfcnchen', 'mu\xccnchen'),
  ...allows(['m%fCnchen', '%61b'], 'm\xfcnchen', 'ab'),
  ...allows(['m*n'], 'm\xfc\xfcn'),
  ...allows(['%2A'], '*'),
  ...refuses(['%2A'], 'a', '%2A'),
  ...allows(['a%25'], 'a%'),
  ...refuses(['a%', '%zz', '%', '%2'], 'a%', '%zz', '%', 'a', '%2'),
  ...refuses(['*A'], 'x\x1a'),
  ...allows(['*\u0100'], '\xc4\x80'),
  ...refuses(['*\u0100'], 'a'),
  ...allows(['😀'], '\xf0\x9f\x98\x80'),
  // Groups
  ...inGroup('team', [...allows(['team/a', 'team/*', '*/*'], 'a'), ...refuses(['a', '*', 'other/a'], 'a')]),
  ...inGroup('te', refuses(['team/a', 't*'], 'a')),
  ...inGroup('t%m', allows(['t%25m/a'], 'a')),
  // What is no list of texts
  ...refuses('*', '*'),
  ...refuses({ 0: '*', length: 1 }, 'a'),
  ...refuses([['*']], 'a'),
  ...refuses([null, 1, true], 'null', '1', 'true'),
  ...refuses(null, 'a'),
  ...allows([null, 'a'], 'a'),
];

const BUNDLE = join(REPOSITORY, 'dist/njs/njchan.js');

const DRIVER = `
import fs from 'fs';
import njchan from 'njchan.js';

const input = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
globalThis.njchan_token_keys = input.keys;
const results = [];
input.cases.forEach((one, index) => {
  const raw = {};
  const variables = { njchan_location: '1', njchan_settings: input.settings };
  const set = (name, hex) => { raw[name] = Buffer.from(hex, 'hex'); variables[name] = raw[name].toString(); };
  set('njchan_1_channel_id', one.id);
  set('njchan_1_channel_group', one.group);
  njchan.pubsub({
    method: 'POST',
    httpVersion: '1.1',
    headersIn: { Authorization: 'Bearer ' + one.token },
    variables: variables,
    rawVariables: raw,
    log: () => {},
    error: () => {},
    return: (status) => { throw new Error('it returned ' + status); },
    internalRedirect: () => {
      results.push({ index: index, variables: variables });
      if (results.length === input.cases.length) fs.writeFileSync(process.argv[3], JSON.stringify(results));
    },
  });
});
`;

interface Result {
  readonly index: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** Runs the gateway for cases of a location. @param set the keys that it names, of which there are those of `1` */
function decide(list: readonly RightsCase[], set = '1'): readonly Result[] {
  const dir = tempDir();
  const secret = randomBytes(32);
  const key = { algorithm: 'HS256', signWith: secret, file: '' } as const;
  const settings = {
    publisher: ['http'],
    tokenMode: 'required',
    tokenKeys: set,
    tokenFrom: ['header'],
  };
  const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');
  const cases = list.map(({ patterns, id, group = '' }) => ({
    id: hex(id),
    group: hex(group),
    token: makeToken(key, { sub: 'anna', exp: inSeconds(600), njchan: { publish: patterns } }),
  }));
  const keys = { 1: [{ kid: '', algorithms: ['HS256'], data: secret.toString('base64') }] };
  cpSync(BUNDLE, join(dir, 'njchan.js'));
  writeFileSync(join(dir, 'driver.js'), DRIVER);
  writeFileSync(join(dir, 'input.json'), JSON.stringify({ keys, cases, settings: JSON.stringify(settings) }));
  const output = join(dir, 'results.json');
  execFileSync('njs', ['-p', dir, join(dir, 'driver.js'), join(dir, 'input.json'), output]);
  return JSON.parse(readFileSync(output, 'utf8'));
}

describe('rights to channels, decided by njs', () => {
  const results = decide(CASES);

  it.each(CASES.map((one, i) => [JSON.stringify(one.patterns), JSON.stringify(one.id), one, i] as const))(
    '%s and the channel %s',
    (_patterns, _id, one, i) => {
      const { variables = {} } = results.find(({ index }) => index === i) ?? {};
      expect(variables.njchan_action).toBe(one.allowed ? 'publish' : 'refuse');
      expect(variables.njchan_refusal).toBe(one.allowed ? '' : 'token_right_missing');
    },
  );

  it('come with the time at which the token expires, and its sub', () => {
    const allowed = results.find(({ variables }) => variables.njchan_action === 'publish');
    expect(Number(allowed?.variables.njchan_expires)).toBeGreaterThan(inSeconds(600));
    expect(allowed?.variables.njchan_token_sub).toBe('anna');
  });

  it('are refused where the keys were not loaded', () => {
    const [{ variables } = { variables: {} as Record<string, string> }] = decide(allows(['*'], 'a'), '2');
    expect(variables.njchan_action).toBe('refuse');
    expect(variables.njchan_refusal).toBe('token_keys_missing');
  });
});
