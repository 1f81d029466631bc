/** Tokens, verified by the gateway in a real nginx. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TokenAlgorithm } from '../../handoff/token.ts';
import { threat } from '../security/threats.ts';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { type RawResponse, request } from '../support/raw-http.ts';
import { ALL, inSeconds, makeToken, newKey, type SigningKey, signText } from '../support/tokens.ts';
import { waitFor } from '../support/wait.ts';

const ALGORITHMS: readonly TokenAlgorithm[] = ['HS256', 'HS384', 'HS512', 'RS256', 'ES256'];
const keys = Object.fromEntries(ALGORITHMS.map((name) => [name, newKey(name)])) as Record<
  TokenAlgorithm,
  SigningKey
>;
const { HS256: hs256, RS256: rs256, ES256: es256 } = keys;

const keyLine = ({ algorithm, file }: SigningKey, kid = algorithm as string): string =>
  `njchan_token_key ${file} kid=${kid} alg=${algorithm}${algorithm.startsWith('HS') ? ' base64' : ''};`;

/** Every key, and whatever else is said. */
const location = (path: string, lines: string): string =>
  `location ~ ^/${path}/(\\w+)$ { nchan_channel_id $1; ${lines} }\n`;

const CONFIG = `
  ${ALGORITHMS.map((name) => keyLine(keys[name])).join('\n  ')}
  ${location('all', 'nchan_pubsub;')}
  ${location('quick', 'nchan_pubsub; njchan_token_leeway 0;')}
  ${location('rsa', `nchan_pubsub; njchan_token_key ${rs256.file};`)}
  ${location('public', 'nchan_pubsub; njchan_token off;')}
  ${location('open', 'nchan_pubsub; njchan_token optional; add_header X-Sub "[$njchan_token_sub]" always;')}
  ${location('write', 'nchan_pubsub; njchan_token publish;')}
  ${location('read', 'nchan_pubsub; njchan_token subscribe;')}
  ${location('from', 'nchan_pubsub; njchan_token_from cookie:__Host-tok argument:access_token header;')}
  ${location('strict', 'nchan_pubsub; njchan_token_issuer app; njchan_token_audience chat talk; njchan_token_claim https://a.example/r;')}
  ${location('group', 'nchan_pubsub; nchan_channel_group team;')}
  large_client_header_buffers 4 32k;
  error_log stderr info;
  location /many { nchan_pubsub; nchan_channel_id $arg_a $arg_b; }
`;

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: CONFIG });
});

const textOf = (path: string): string => readFileSync(path, 'utf8');
type Headers = Record<string, string>;
const bearer = (token: string): Headers => ({ Authorization: `Bearer ${token}` });
const send = (method: string, target: string, headers: Headers = {}, body = 'x'): Promise<RawResponse> =>
  request(njchan.port, method, target, method === 'POST' ? { headers, body } : { headers });
const post = (target: string, headers: Headers = {}): Promise<RawResponse> => send('POST', target, headers);
const withToken = (target: string, claims: object, key = hs256): Promise<RawResponse> =>
  post(target, bearer(makeToken(key, claims)));

describe('a token that is good', () => {
  it.each(ALGORITHMS)('with %s, with kid and without, is let in', async (name) => {
    for (const header of [{}, { kid: name }]) {
      const response = await post('/all/a', bearer(makeToken(keys[name], ALL, header)));
      expect(response.status).toBe(202);
    }
  });

  it('is found where the location looks for it, in its order', async () => {
    const good = makeToken(hs256, ALL);
    expect((await post('/from/a', { Cookie: `a=b; __Host-tok=${good}` })).status).toBe(202);
    expect((await post(`/from/a?access_token=${good}`)).status).toBe(202);
    expect((await post('/from/a', bearer(good))).status).toBe(202);
    expect((await post('/from/a', { ...bearer(good), Cookie: '__Host-tok=bad' })).status).toBe(401);
    expect((await post('/from/a', { Authorization: `bEARER  ${good}` })).status).toBe(202);
    expect((await post(`/all/a?access_token=${good}`)).status).toBe(401);
  });

  it('without a kid fits keys with one, and a key without one fits any token', async () => {
    expect((await post('/rsa/a', bearer(makeToken(rs256, ALL, { kid: 'whatever' })))).status).toBe(202);
  });

  it('for us has the issuer, an audience and the rights where the location says', async () => {
    const claims = { iss: 'app', aud: ['other', 'talk'], 'https://a.example/r': { publish: ['a'] } };
    expect((await withToken('/strict/a', claims)).status).toBe(202);
    expect((await withToken('/strict/a', { ...claims, aud: 'chat' })).status).toBe(202);
    for (const wrong of [
      { iss: 'App' },
      { iss: undefined },
      { aud: 'x' },
      { aud: undefined },
      { aud: [1, 'chat'] },
    ]) {
      expect((await withToken('/strict/a', { ...claims, ...wrong })).status).toBe(401);
    }
    expect(
      (await withToken('/strict/a', { ...claims, 'https://a.example/r': undefined, ...ALL })).status,
    ).toBe(403);
  });
});

describe('answers', () => {
  it('say that a token is missing', async () => {
    const response = await post('/all/a', { Origin: 'http://o.example' });
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toBe('Bearer realm="njchan"');
    expect(response.headers['access-control-allow-origin']).toBe('http://o.example');
    expect(response.body.toString()).toBe('A token is needed.');
  });

  it('say that it is not valid, that it expired, that it gives no right', async () => {
    const challenge = 'Bearer realm="njchan", error=';
    const bad = await post('/all/a', bearer('a.b.c'));
    expect(bad.headers['www-authenticate']).toBe(
      `${challenge}"invalid_token", error_description="The token is not valid."`,
    );
    const old = await withToken('/all/a', { ...ALL, exp: inSeconds(-31) });
    expect(old.status).toBe(401);
    expect(old.headers['www-authenticate']).toContain('The token has expired.');
    const poor = await withToken('/all/a', {});
    expect(poor.status).toBe(403);
    expect(poor.headers['www-authenticate']).toBe(`${challenge}"insufficient_scope"`);
  });

  it('to a preflight request need no token, and let pages send one', async () => {
    const headers = { Origin: 'http://o.example', 'Access-Control-Request-Method': 'POST' };
    const answer = await send('OPTIONS', '/all/a', headers);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-headers']).toMatch(/, Authorization$/);
    const open = await send('OPTIONS', '/public/a', headers);
    expect(open.headers['access-control-allow-headers']).not.toContain('Authorization');
  });
});

/** Claims as they stand in the token, for what JSON.stringify would not write. */
const claimsText = (claims: string): string =>
  signText('{"alg":"HS256"}', `{"exp":${inSeconds(60)},${claims}}`, hs256);
const withHeader = (header: object, key = hs256): string => makeToken(key, ALL, header);
const good = makeToken(hs256, ALL);
const [head = '', body = '', signature = ''] = good.split('.');
/** The RSA key's file as a secret, which everybody knows. */
const publicAsSecret: SigningKey = {
  algorithm: 'HS256',
  signWith: readFileSync(rs256.file),
  file: '',
};

const FORGED: readonly (readonly [what: string, reason: string, token: string])[] = [
  ['alg none', 'three parts in base64url', `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.`],
  [
    'alg none with a signature',
    'there is no key',
    `${Buffer.from('{"alg":"none"}').toString('base64url')}.${body}.${signature}`,
  ],
  ['alg None', 'there is no key', withHeader({ alg: 'None' })],
  ['alg in small letters', 'there is no key', withHeader({ alg: 'hs256' })],
  ['alg that is a member of every object', 'there is no key', withHeader({ alg: '__proto__' })],
  ['alg that is no text', 'names no algorithm', withHeader({ alg: ['HS256'] })],
  ['no alg', 'names no algorithm', withHeader({ alg: undefined })],
  ['the public key as a secret', 'has a wrong signature', makeToken(publicAsSecret, ALL)],
  [
    'the public key as a secret, by its kid',
    'there is no key',
    makeToken(publicAsSecret, ALL, { kid: 'RS256' }),
  ],
  ['the kid of another key', 'there is no key', withHeader({ kid: 'HS384' })],
  ['a kid that nobody has', 'there is no key', withHeader({ kid: 'nobody' })],
  ['a kid that is no text', 'kid that is no text', withHeader({ kid: 1 })],
  ['the name of another algorithm', 'has a wrong signature', withHeader({ alg: 'HS512' })],
  ['RS256 in the name of ES256', 'has a wrong signature', withHeader({ alg: 'ES256' }, rs256)],
  ['another key of the same kind', 'has a wrong signature', makeToken(newKey('RS256'), ALL)],
  ['another EC key', 'has a wrong signature', makeToken(newKey('ES256'), ALL)],
  [
    'an EC signature of zeros',
    'has a wrong signature',
    makeToken(es256, ALL).replace(/[^.]*$/, Buffer.alloc(64).toString('base64url')),
  ],
  ['a critical extension', 'crit', withHeader({ crit: ['exp'] })],
  ['another type', 'typ', withHeader({ typ: 'logout+jwt' })],
  ['no exp', 'has no exp', makeToken(hs256, { ...ALL, exp: undefined })],
  ['an exp that is text', 'has no exp', makeToken(hs256, { ...ALL, exp: String(inSeconds(60)) })],
  ['an exp that is null', 'has no exp', makeToken(hs256, { ...ALL, exp: null })],
  [
    'an exp beyond all numbers',
    'has no exp',
    signText('{"alg":"HS256"}', '{"exp":1e999,"njchan":{"publish":["*"]}}', hs256),
  ],
  ['an exp in the past', 'has expired', makeToken(hs256, { ...ALL, exp: inSeconds(-40) })],
  [
    'the exp of another object',
    'has no exp',
    signText('{"alg":"HS256"}', `{"__proto__":{"exp":${inSeconds(60)}}}`, hs256),
  ],
  ['nbf in the future', 'nbf', makeToken(hs256, { ...ALL, nbf: inSeconds(40) })],
  ['nbf that is text', 'nbf', makeToken(hs256, { ...ALL, nbf: '0' })],
  ['iat in the future', 'iat', makeToken(hs256, { ...ALL, iat: inSeconds(40) })],
  [
    'an audience, though we have no name',
    'njchan_token_audience is not given',
    makeToken(hs256, { ...ALL, aud: 'chat' }),
  ],
  ['a sub that is no text', 'sub', makeToken(hs256, { ...ALL, sub: 7 })],
  ['a sub with a line break', 'sub', makeToken(hs256, { ...ALL, sub: 'a\r\nX-Admin: 1' })],
  [
    'a changed claim',
    'has a wrong signature',
    `${head}.${Buffer.from('{"exp":9999999999}').toString('base64url')}.${signature}`,
  ],
  ['a truncated signature', 'has a wrong signature', good.slice(0, -3)],
  ['no signature', 'three parts in base64url', `${head}.${body}.`],
  ['two parts', 'three parts in base64url', `${head}.${body}`],
  ['four parts', 'three parts in base64url', `${good}.${signature}`],
  ['padding', 'three parts in base64url', `${good}=`],
  ['base64 that is not for URLs', 'three parts in base64url', `${head}.${body}.${signature.slice(0, -1)}+`],
  ['claims that are a list', 'two JSON objects', signText('{"alg":"HS256"}', '[]', hs256)],
  ['claims that are null', 'two JSON objects', signText('{"alg":"HS256"}', 'null', hs256)],
  ['a header that is no JSON', 'two JSON objects', signText('{', '{}', hs256)],
  [
    'claims that are no UTF-8',
    'two JSON objects',
    signText('{"alg":"HS256"}', Buffer.from('{"exp":9999999999,"a":"\xff"}', 'latin1'), hs256),
  ],
  ['claims nested too deep', 'two JSON objects', claimsText(`"a":${'['.repeat(200)}${']'.repeat(200)}`)],
  ['more than 8192 characters', 'more than 8192', makeToken(hs256, { ...ALL, pad: 'x'.repeat(6200) })],
  ['an empty string', 'is missing', ' '],
];

describe('a token with', () => {
  threat('forged-token');
  it.each(FORGED)('%s is refused: it %s', async (_what, reason, token) => {
    const before = njchan.output().length;
    expect((await post('/all/a', bearer(token))).status).toBe(401);
    await waitFor('the reason', () => njchan.output().slice(before).includes('njchan: the token '));
    expect(njchan.output().slice(before)).toContain(reason);
  });

  it('8192 characters is taken', async () => {
    const token = makeToken(hs256, { ...ALL, pad: 'x'.repeat(5970) });
    expect(token.length).toBeGreaterThan(8100);
    expect(token.length).toBeLessThanOrEqual(8192);
    expect((await post('/all/a', bearer(token))).status).toBe(202);
  });

  it('duplicate members has the last of them, as every reader of JSON has', async () => {
    const rights = (name: string): string => `"njchan":{"publish":["${name}"]}`;
    const token = claimsText(`${rights('a')},${rights('b')}`);
    expect((await post('/all/a', bearer(token))).status).toBe(403);
    expect((await post('/all/b', bearer(token))).status).toBe(202);
  });

  it('a public key for a secret is refused where that key is alone', async () => {
    expect((await post('/rsa/a', bearer(makeToken(publicAsSecret, ALL)))).status).toBe(401);
    expect((await post('/rsa/a', bearer(good))).status).toBe(401);
  });

  it('a clock that differs by less than the leeway is taken', async () => {
    for (const claims of [{ exp: inSeconds(-20) }, { nbf: inSeconds(20) }, { iat: inSeconds(20) }]) {
      expect((await withToken('/all/a', { ...ALL, ...claims })).status).toBe(202);
      expect((await withToken('/quick/a', { ...ALL, ...claims })).status).toBe(401);
    }
  });
});

describe('rights', () => {
  const rights = (list: object) => ({ njchan: list });

  it('to publish and to subscribe are two', async () => {
    const writer = bearer(makeToken(hs256, rights({ publish: ['w'] })));
    const reader = bearer(makeToken(hs256, rights({ subscribe: ['w'] })));
    expect((await post('/all/w', writer)).status).toBe(202);
    expect((await send('GET', '/all/w', writer)).status).toBe(403);
    expect((await post('/all/w', reader)).status).toBe(403);
    expect((await send('GET', '/all/w', reader)).status).toBe(200);
  });

  it('to delete are a third', async () => {
    expect(
      (await send('DELETE', '/all/w', bearer(makeToken(hs256, rights({ publish: ['*'] }))))).status,
    ).toBe(403);
    expect((await send('DELETE', '/all/w', bearer(makeToken(hs256, rights({ delete: ['*'] }))))).status).toBe(
      200,
    );
  });

  it('must cover every one of several channels', async () => {
    const token = bearer(makeToken(hs256, rights({ publish: ['a', 'c*'] })));
    expect((await post('/many?a=a&b=cc', token)).status).toBe(202);
    expect((await post('/many?a=a&b=b', token)).status).toBe(403);
    expect((await post('/many?a=b&b=a', token)).status).toBe(403);
  });

  it('in a group are for its full name', async () => {
    expect((await withToken('/group/a', rights({ publish: ['a', '*'] }))).status).toBe(403);
    expect((await withToken('/group/a', rights({ publish: ['team/a'] }))).status).toBe(202);
    expect((await withToken('/group/a', rights({ publish: ['team/*'] }))).status).toBe(202);
    expect((await withToken('/all/a', rights({ publish: ['team/*'] }))).status).toBe(403);
  });

  it('that are none of the kinds give nothing', async () => {
    for (const claim of ['*', ['*'], { publish: '*' }, { publish: [1] }, { publish: { 0: '*' } }, null]) {
      expect((await withToken('/all/a', rights(claim as object))).status).toBe(403);
    }
  });
});

describe('locations', () => {
  it('may do without tokens', async () => {
    expect((await post('/public/a')).status).toBe(202);
  });

  it('may ask for them of publishers alone, or of subscribers', async () => {
    const token = bearer(makeToken(hs256, ALL));
    expect((await post('/write/a')).status).toBe(401);
    expect((await post('/write/a', token)).status).toBe(202);
    expect((await send('DELETE', '/write/a')).status).toBe(401);
    expect((await send('GET', '/write/a', { Accept: '' })).status).toBe(200);
    expect((await post('/read/a')).status).toBe(202);
    expect((await send('GET', '/read/a')).status).toBe(401);
    expect((await send('GET', '/read/a', token)).status).toBe(200);
  });

  it('may leave it to the client, whose token must be good then', async () => {
    expect((await post('/open/a')).headers['x-sub']).toBe('[]');
    const named = await withToken('/open/a', { sub: 'anna@münchen' });
    expect(named.status).toBe(202);
    expect(Buffer.from(named.headers['x-sub'] ?? '', 'latin1').toString()).toBe('[anna@münchen]');
    expect((await withToken('/open/a', { exp: inSeconds(-60) })).status).toBe(401);
  });
});

describe('secrets', () => {
  threat('secrets-in-files');
  it('are in a file that only their owner can read, and not in nginx.conf', () => {
    const files = readdirSync(njchan.runDir).filter((name) => name.startsWith('token-keys-'));
    expect(files).toHaveLength(1);
    const path = join(njchan.runDir, files[0] as string);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const secret = textOf(hs256.file);
    expect(textOf(path)).toContain(secret);
    expect(textOf(join(njchan.runDir, 'nginx.conf'))).not.toContain(secret);
  });

  it('and tokens are not in the log, which says why they were refused', async () => {
    const token = makeToken(newKey('HS256'), { ...ALL, jti: 'find-me' });
    await post('/all/a', bearer(token));
    const output = njchan.output();
    expect(output).toContain('njchan: the token has a wrong signature');
    expect(output).not.toContain(token.split('.')[1]);
    expect(output).not.toContain(textOf(hs256.file));
  });
});
