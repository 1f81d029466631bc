/** What the compiler makes of directives about tokens, and of the keys that they name. */
import { createPublicKey, generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { TokenKeySets } from '../../../handoff/token.ts';
import { selfSignedCertificate } from '../../support/certificate.ts';
import { compileFiles, compileText, endpointsOf, type Files, problemsOf } from './compiling.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
const jwk = (key: KeyObject, more: object = {}): object => ({ ...key.export({ format: 'jwk' }), ...more });
const oct = (bytes: number, more: object = {}): object => ({
  kty: 'oct',
  k: Buffer.alloc(bytes, 'k').toString('base64url'),
  ...more,
});
const jwks = (...keys: object[]): string => JSON.stringify({ keys });
const SECRET = 'a-secret-of-thirty-two-bytes-xx!';

/** Files beside the configuration. */
const FILES: Files = {
  'rsa.pem': pem(rsa.publicKey),
  'ec.pem': pem(ec.publicKey),
  secret: SECRET,
};

const conf = (http: string): string => `events {} http {\n${http}\n}\n`;

function compiled(http: string, files: Files = {}) {
  const { config, tokenKeys, notices } = compileFiles({ ...FILES, ...files, 'nginx.conf': conf(http) });
  const keys: TokenKeySets = JSON.parse(tokenKeys ?? '{}');
  return { config, keys, endpoints: endpointsOf(config), notices };
}

/** The keys of a file. */
function keysOf(content: string | Uint8Array, words = '') {
  const text = `server {\nlocation / { nchan_pubsub; njchan_token_key k ${words}; } }`;
  const { keys, notices } = compiled(text, { k: content });
  return { keys: keys[1], notices: notices.map(({ message }) => message) };
}

/** What is wrong with a file, without the place. */
function faultOf(content: string | Uint8Array | undefined, words = ''): string {
  const text = conf(`server {\nlocation / { nchan_pubsub;\nnjchan_token_key k ${words}; } }`);
  const files: Files = { ...FILES, 'nginx.conf': text, ...(content === undefined ? {} : { k: content }) };
  return problemsOf(files).join('\n').replace('/conf/nginx.conf:4: njchan_token_key: "k" ', '');
}

describe('a location', () => {
  it('needs tokens where a key is in force, unless it says otherwise', () => {
    const { endpoints } = compiled(`njchan_token_key ec.pem; server {
      location /a { nchan_pubsub; }
      location /b { nchan_pubsub; njchan_token off; }
      location /c { nchan_pubsub; njchan_token publish; }
      location /d { nchan_pubsub;
      if ($arg_x) { njchan_token subscribe; } }
    }
    server { njchan_token optional;
      location /a { nchan_pubsub; }
    }`);
    const modes = Object.values(endpoints).map(({ settings }) => settings.tokenMode);
    expect(modes).toEqual(['required', 'off', 'publish', 'required', 'subscribe', 'optional']);
  });

  it('without a key has none of the settings', () => {
    const { endpoints, config } = compiled(
      'njchan_token_issuer i; njchan_token_leeway 5; server {\nlocation / { nchan_pubsub; } }',
    );
    expect(endpoints[3]?.settings).toMatchObject({ tokenMode: 'off', tokenIssuer: '', tokenLeeway: 30 });
    expect(config).not.toContain('js_preload_object');
  });

  it('cannot ask for tokens without a key', () => {
    expect(problemsOf(conf('server {\nlocation / { nchan_pubsub;\nnjchan_token required; } }'))).toEqual([
      '/conf/nginx.conf:4: njchan_token: there is no njchan_token_key for it',
    ]);
  });

  it('has the keys of the nearest level that has any, and each set is written once', () => {
    const { endpoints, keys } =
      compiled(`njchan_token_key ec.pem kid=e; njchan_token_key rsa.pem kid=r; server {
      location /a { nchan_pubsub; }
      location /b { nchan_pubsub; njchan_token_key secret alg=HS256; }
      location /c { nchan_pubsub; }
    }`);
    expect([3, 4, 5].map((line) => endpoints[line]?.settings.tokenKeys)).toEqual(['1', '2', '1']);
    expect(keys[1]?.map(({ kid, algorithms }) => [kid, ...algorithms])).toEqual([
      ['e', 'ES256'],
      ['r', 'RS256'],
    ]);
    expect(keys[2]).toEqual([
      { kid: '', algorithms: ['HS256'], data: Buffer.from(SECRET).toString('base64') },
    ]);
  });

  it('has the other directives as settings', () => {
    const { endpoints } = compiled(`server { njchan_token_key ec.pem; njchan_token_leeway 1m;
      location / { nchan_pubsub; njchan_token_from cookie:t header; njchan_token_issuer i;
        njchan_token_audience a b; njchan_token_claim c; } }`);
    expect(endpoints[3]?.settings).toMatchObject({
      tokenFrom: ['cookie:t', 'header'],
      tokenIssuer: 'i',
      tokenAudience: ['a', 'b'],
      tokenLeeway: 60,
      tokenClaim: 'c',
    });
  });

  it('with tokens lets no message pass by the gateway', () => {
    const server = (more: string): string =>
      `server { location ~ ^/p/(\\w+)$ { nchan_publisher; nchan_channel_id $1; ${more} } }`;
    expect(compiled(server('')).config).toContain('set $njchan_direct_channel');
    for (const mode of ['required', 'optional', 'publish', 'subscribe']) {
      const { config } = compiled(server(`njchan_token_key ec.pem; njchan_token ${mode};`));
      expect(config).not.toContain('set $njchan_direct_channel');
    }
  });

  it('for figures has no channels, and is told so', () => {
    const { notices } =
      compiled(`upstream r { nchan_redis_server 127.0.0.1; } njchan_token_key ec.pem; server {
      location /s { nchan_redis_upstream_stats r; njchan_token required; } }`);
    expect(notices.map(({ message }) => message)).toContain(
      'njchan_token has no effect here: this location has no channels',
    );
  });
});

describe('keys', () => {
  it('are not in the configuration, which loads them from their file', () => {
    const { config } = compiled('server { location / { nchan_pubsub; njchan_token_key secret alg=HS256; } }');
    expect(config).toContain('js_preload_object njchan_token_keys from /run/token-keys.json;');
    expect(config).not.toContain(SECRET);
    expect(config).not.toContain(Buffer.from(SECRET).toString('base64'));
  });

  it('need a file to be written to', () => {
    const text = conf('server { location / { nchan_pubsub; njchan_token_key /x alg=HS256; } }');
    const files = { 'nginx.conf': text.replace('/x', 'secret'), ...FILES };
    expect(problemsOf(files, { tokenKeysFile: undefined } as never)).toEqual([
      '/conf/nginx.conf:1: njchan_token_key: nobody said where the keys shall be for nginx',
    ]);
  });

  it('in PEM are bound to their algorithm, as SubjectPublicKeyInfo', () => {
    const { keys } = keysOf(pem(rsa.publicKey));
    expect(keys?.[0]?.algorithms).toEqual(['RS256']);
    const data = Buffer.from(keys?.[0]?.data ?? '', 'base64');
    expect(createPublicKey({ key: data, format: 'der', type: 'spki' }).equals(rsa.publicKey)).toBe(true);
    const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }) as string;
    expect(keysOf(pkcs1).keys).toEqual(keys);
  });

  it('of a certificate are the key of the first in the file', () => {
    const [own, issuer] = [selfSignedCertificate(), selfSignedCertificate()].map(({ certificate }) =>
      readFileSync(certificate, 'utf8'),
    );
    const { publicKey } = new X509Certificate(own as string);
    const data = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
    expect(keysOf(`${own}${issuer}`, 'kid=c').keys).toEqual([{ kid: 'c', algorithms: ['ES256'], data }]);
  });

  it('that are secrets are taken without the line break at the end, or out of base64', () => {
    const data = Buffer.from(SECRET).toString('base64');
    for (const content of [SECRET, `${SECRET}\n`, `${SECRET}\r\n`]) {
      expect(keysOf(content, 'alg=HS256').keys?.[0]?.data).toBe(data);
    }
    for (const content of [data, `${data}\n`, Buffer.from(SECRET).toString('base64url')]) {
      expect(keysOf(content, 'alg=HS256 base64').keys?.[0]?.data).toBe(data);
    }
    expect(keysOf(`${SECRET}\n\n`, 'alg=HS256').keys?.[0]?.data).not.toBe(data);
  });

  it('of a JWK set have their own kid and algorithm, and some are passed over', () => {
    const set = jwks(
      jwk(rsa.publicKey, { kid: 'r', use: 'sig', alg: 'RS256' }),
      jwk(ec.publicKey, { kid: 'e' }),
      oct(64, { kid: 'o', alg: 'HS512' }),
      jwk(rsa.publicKey, { kid: 'enc', use: 'enc' }),
      jwk(rsa.publicKey, { kid: 'ps', alg: 'PS256' }),
      { kty: 'OKP', crv: 'Ed25519', kid: 'ed', x: 'x' },
      { kty: 'EC', crv: 'P-384', kid: '384' },
    );
    const { keys, notices } = keysOf(set);
    expect(keys?.map(({ kid, algorithms }) => `${kid} ${algorithms}`)).toEqual([
      'r RS256',
      'e ES256',
      'o HS512',
    ]);
    expect(notices).toEqual([
      'njchan_token_key: key "enc" is passed over: its use is "enc"',
      'njchan_token_key: key "ps" is passed over: its algorithm is "PS256"',
      'njchan_token_key: key "ed" is passed over: its type is "OKP"',
      'njchan_token_key: key "384" is passed over: its curve is "P-384"',
    ]);
    expect(keysOf(JSON.stringify(jwk(ec.publicKey)), 'kid=mine').keys?.[0]?.kid).toBe('mine');
  });

  const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey;
  const ed = generateKeyPairSync('ed25519').publicKey;

  const faults: [content: string | Uint8Array | undefined, words: string, fault: string | RegExp][] = [
    [undefined, '', /^cannot be read: ENOENT/],
    [pem(small), '', 'is an RSA key of 1024 bits; it must have from 2048 to 8192'],
    [pem(p384), '', 'is a key on the curve secp384r1; only P-256 is possible'],
    [pem(ed), '', 'is a key of the type ed25519; only RSA and EC are possible'],
    [privatePem, '', 'is a private key; nginx must only have the public one'],
    [pem(rsa.publicKey) + pem(ec.publicKey), '', 'has several keys; give each a file of its own'],
    ['-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n', '', /^is not a key: /],
    [pem(rsa.publicKey), 'alg=HS256', 'is an RSA key, which HS256 does not fit'],
    [pem(rsa.publicKey), 'alg=ES256', 'is an RSA key, which ES256 does not fit'],
    [pem(ec.publicKey), 'alg=RS256', 'is an EC key, which RS256 does not fit'],
    [pem(ec.publicKey), 'base64', 'base64 is for secrets, and this is PEM'],
    [SECRET, '', 'is neither PEM nor JSON; a secret takes alg=HS256, alg=HS384 or alg=HS512'],
    [der, 'alg=HS256', /^is neither PEM nor JSON/],
    [der.toString('base64'), 'alg=HS256', /^is neither PEM nor JSON/],
    ['ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABAQ anna@example', 'alg=HS256', /^is neither PEM nor JSON/],
    [SECRET, 'alg=RS256', 'is a secret, which RS256 does not fit'],
    [SECRET, 'alg=HS384', 'is a secret of 32 bytes; HS384 takes at least 48 (RFC 7518 §3.2)'],
    [SECRET, 'alg=HS256,HS512', 'is a secret of 32 bytes; HS512 takes at least 64 (RFC 7518 §3.2)'],
    [SECRET.slice(1), 'alg=HS256', 'is a secret of 31 bytes; HS256 takes at least 32 (RFC 7518 §3.2)'],
    ['', 'alg=HS256', 'is a secret of 0 bytes; HS256 takes at least 32 (RFC 7518 §3.2)'],
    [`${SECRET}!`, 'alg=HS256 base64', 'is not base64'],
    ['{', '', 'is not JSON, though it begins like it'],
    ['{"a":1}', '', 'is JSON, but neither a JWK nor a JWK set'],
    ['{"keys":[null]}', '', 'is JSON, but neither a JWK nor a JWK set'],
    ['{"keys":[]}', '', 'has no key that can be used'],
    [jwks(oct(32, { kid: 'o' })), '', 'key "o" is a secret, which takes an alg'],
    [jwks(oct(31, { alg: 'HS256' })), '', /^key 1 is a secret of 31 bytes/],
    [jwks(jwk(rsa.privateKey)), '', 'key 1 is a private key; nginx must only have the public one'],
    [jwks(jwk(rsa.publicKey, { alg: 'HS256' })), '', 'key 1 is an RSA key, which HS256 does not fit'],
    [jwks({ kty: 'RSA', n: 'x' }), '', /^key 1 is not a key: /],
    [jwks(jwk(rsa.publicKey), jwk(ec.publicKey)), 'kid=a', 'has several keys, which one kid= cannot name'],
    [
      jwks(jwk(rsa.publicKey, { kid: 'a' }), jwk(ec.publicKey, { kid: 'a' })),
      '',
      'has the kid "a", as another key has',
    ],
    [
      jwks(...Array.from({ length: 33 }, (_, i) => oct(32, { alg: 'HS256', kid: String(i) }))),
      '',
      'makes more than 32 keys',
    ],
    [new Uint8Array(1024 * 1024 + 1), 'alg=HS256', 'has 1048577 bytes, which no key has'],
  ];

  it.each(faults.map((one) => [String(one[2]), ...one] as const))(
    'a key that %s is refused',
    (_, content, words, fault) => {
      const said = faultOf(content, words);
      if (typeof fault === 'string') expect(said).toBe(fault);
      else expect(said).toMatch(fault);
    },
  );

  it('with one kid twice are refused, at the second', () => {
    const text = conf('server {\nnjchan_token_key ec.pem kid=a;\nnjchan_token_key rsa.pem kid=a;\n}');
    expect(problemsOf({ ...FILES, 'nginx.conf': text })).toEqual([
      '/conf/nginx.conf:4: njchan_token_key: "rsa.pem" has the kid "a", as another key has',
    ]);
  });
});

describe('words', () => {
  it.each([
    ['njchan_token on', 'njchan_token: "on" is none of required, optional, publish, subscribe, off'],
    ['njchan_token_key ec.pem kid', 'njchan_token_key: "kid" is none of kid=ID, alg=ALGORITHM and base64'],
    [
      'njchan_token_key ec.pem alg=none',
      'njchan_token_key: "none" is none of the algorithms HS256, HS384, HS512, RS256, ES256',
    ],
    ['njchan_token_key $arg_k', 'njchan_token_key: variables are not possible here: "$arg_k"'],
    [
      'njchan_token_from body',
      'njchan_token_from: "body" is none of header, subprotocol, cookie:NAME and argument:NAME',
    ],
    ['njchan_token_from "cookie:a b"', /^njchan_token_from: "cookie:a b" is none of/],
    ['njchan_token_issuer ""', 'njchan_token_issuer: a value is empty'],
    ['njchan_token_leeway 2h', 'njchan_token_leeway: must not be more than 1h'],
    ['njchan_token_leeway x', '"njchan_token_leeway" directive invalid value'],
    ['njchan_tokens on', 'unknown directive "njchan_tokens"'],
  ])('%s is refused', (line, fault) => {
    const [said = ''] = problemsOf({ ...FILES, 'nginx.conf': conf(`server { ${line}; }`) });
    const message = said.replace('/conf/nginx.conf:2: ', '');
    if (typeof fault === 'string') expect(message).toBe(fault);
    else expect(message).toMatch(fault);
  });
});

it('every configuration has the variable of who it is', () => {
  expect(compileText(conf('server { location / { nchan_pubsub; } }')).config).toContain(
    'js_var $njchan_token_sub;',
  );
});
