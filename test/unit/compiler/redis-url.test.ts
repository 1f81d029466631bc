import { describe, expect, it } from 'vitest';
import { concealLogin, overTls, parseRedisUrl } from '../../../nginx/compiler/redis-url.ts';
import { parseRedisUrl as parseInSidecar } from '../../../sidecar/store/redis/url.ts';

describe('the URL of a Redis server', () => {
  it.each([
    ['127.0.0.1', 'redis://127.0.0.1:6379'],
    ['localhost:6380', 'redis://localhost:6380'],
    ['my_redis-1.example', 'redis://my_redis-1.example:6379'],
    ['redis://h', 'redis://h:6379'],
    ['redis://h/', 'redis://h:6379'],
    ['redis://h/0', 'redis://h:6379'],
    ['redis://h:1/3', 'redis://h:1/3'],
    ['h/007', 'redis://h:6379/7'],
    ['rediss://h', 'rediss://h:6379'],
    ['redis://[::1]:1/2', 'redis://[::1]:1/2'],
    ['[fe80::1]', 'redis://[fe80::1]:6379'],
    ['redis://:pw@h', 'redis://:pw@h:6379'],
    [':pw@h', 'redis://:pw@h:6379'],
    ['redis://us:pw@h:1', 'redis://us:pw@h:1'],
    ['redis://:@h', 'redis://h:6379'],
    ['redis://us:@h', 'redis://us@h:6379'],
    // As they are written, as Nchan takes them.
    ['redis://u%41:p%41:x/y?#@h', 'redis://u%2541:p%2541%3Ax%2Fy%3F%23@h:6379'],
    ['redis://u:p@q@h', 'redis://u:p%40q@h:6379'],
    ['redis://:a://b@h', 'redis://:a%3A%2F%2Fb@h:6379'],
    ['redis://:é\n@h', 'redis://:%C3%A9%0A@h:6379'],
    // What only njchan has.
    ['unix:///run/redis.sock', 'unix:///run/redis.sock'],
    ['unix:/run/redis.sock', 'unix:///run/redis.sock'],
    ['unix:///run/my redis%.sock?db=2', 'unix:///run/my%20redis%25.sock?db=2'],
    ['unix:///s?db=0', 'unix:///s'],
    ['unix://u:p@/s', 'unix://u:p@/s'],
    ['redis+sentinel://h/main', 'redis+sentinel://h:26379/main'],
    ['redis+sentinel://u:p@h:1,[::1],k:2/main/3', 'redis+sentinel://u:p@h:1,[::1]:26379,k:2/main/3'],
    ['rediss+sentinel://:p@h/a b/0', 'rediss+sentinel://:p@h:26379/a%20b'],
  ])('%s', (text, url) => {
    expect(parseRedisUrl(text)?.url).toBe(url);
  });

  it.each([
    '',
    'redis://',
    'redis:///3',
    ':6379',
    'redis://u@h',
    'u@h',
    'redis://:pw@',
    'redis://h:abc',
    'redis://h:',
    'redis://h:0',
    'redis://h:65536',
    'redis://h:6379?x=1',
    'REDIS://h',
    'http://h',
    'http://u:p@h',
    'a b',
    '$host',
    '::1',
    'redis://[::g]',
    'redis://[127.0.0.1]',
    '-h',
    'unix:',
    'unix:run/s',
    'unix:///',
    'unix:////s',
    'unix:///s?db=x',
    'unix:///s?x=1',
    'unix://u@/s',
    'redis+sentinel://h',
    'redis+sentinel://h/',
    'redis+sentinel:///main',
    'redis+sentinel://h,/main',
    'redis+sentinel://u@h/main',
    'redis+sentinel://h:x/main',
    'redis+sentinel://h/main/x',
    'sentinel://h/main',
  ])('%j is none', (text) => {
    expect(parseRedisUrl(text)).toBeUndefined();
  });

  it.each(['abc', '3abc', '-1', '1/2', ' 4', '1?x=1'])('has the database 0 if it says %j', (database) => {
    expect(parseRedisUrl(`redis://:p@h/${database}`)).toEqual({
      url: 'redis://:p@h:6379',
      shown: 'redis://h:6379',
      badDatabase: database,
    });
  });

  it.each([
    ['redis://us:pw@h:1/2', 'redis://h:1/2'],
    ['unix://us:pw@/s?db=1', 'unix:///s?db=1'],
    ['redis+sentinel://us:pw@h/m', 'redis+sentinel://h:26379/m'],
  ])('%s is shown without user and password', (text, shown) => {
    expect(parseRedisUrl(text)?.shown).toBe(shown);
  });
});

it.each([
  ['redis://u:p@h:1', 'rediss://u:p@h:1'],
  ['rediss://h:1', 'rediss://h:1'],
  ['redis+sentinel://h:1/m', 'rediss+sentinel://h:1/m'],
  ['unix:///redis', 'unix:///redis'],
])('%s over TLS', (url, expected) => {
  expect(overTls(url)).toBe(expected);
});

it.each([
  ['redis://us:pw@h', 'redis://***@h'],
  [':pw@h:1', '***@h:1'],
  ['redis://us:p@w\n:x@h', 'redis://***@h'],
  ['redis+sentinel://:pw@h/m', 'redis+sentinel://***@h/m'],
  ['h:1', 'h:1'],
  ['$x', '$x'],
])('%j is concealed', (text, shown) => {
  expect(concealLogin(text)).toBe(shown);
});

describe('the sidecar', () => {
  it.each([
    ['h', { server: { host: 'h', port: 6379 }, tls: false }],
    [
      'redis://us%41:p:x/y@?#%é@h:1/2',
      { server: { host: 'h', port: 1 }, tls: false, username: 'us%41', password: 'p:x/y@?#%é', db: 2 },
    ],
    ['rediss://:pw@[::1]', { server: { host: '::1', port: 6379 }, tls: true, password: 'pw' }],
    [
      'unix://us:p w@/run/my%20redis é.sock?db=3',
      { server: { path: '/run/my%20redis é.sock' }, tls: false, username: 'us', password: 'p w', db: 3 },
    ],
  ])('understands what becomes of %s', (text, address) => {
    expect(parseInSidecar(parseRedisUrl(text)?.url as string)).toEqual(address);
  });
});
