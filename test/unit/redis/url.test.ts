import { describe, expect, it } from 'vitest';
import { connectError } from '../../../sidecar/store/redis/connect-error.ts';
import {
  describeAddress,
  isSentinelUrl,
  parseRedisUrl,
  parseSentinelUrl,
  RedisUrlError,
} from '../../../sidecar/store/redis/url.ts';

describe('the URL of a Redis server', () => {
  it.each([
    ['redis://127.0.0.1', { server: { host: '127.0.0.1', port: 6379 }, tls: false }],
    ['REDIS://h:7000/', { server: { host: 'h', port: 7000 }, tls: false }],
    ['redis://h/3', { server: { host: 'h', port: 6379 }, tls: false, db: 3 }],
    ['redis://h/0', { server: { host: 'h', port: 6379 }, tls: false, db: 0 }],
    ['redis://:pw@h', { server: { host: 'h', port: 6379 }, tls: false, password: 'pw' }],
    ['redis://bob:pw@h', { server: { host: 'h', port: 6379 }, tls: false, username: 'bob', password: 'pw' }],
    [
      'redis://bob:p%40%2F%25@h',
      { server: { host: 'h', port: 6379 }, tls: false, username: 'bob', password: 'p@/%' },
    ],
    [
      'redis://bob:a@b@h',
      { server: { host: 'h', port: 6379 }, tls: false, username: 'bob', password: 'a@b' },
    ],
    ['redis://[::1]:6380/1', { server: { host: '::1', port: 6380 }, tls: false, db: 1 }],
    ['rediss://h:443', { server: { host: 'h', port: 443 }, tls: true }],
    ['unix:///run/redis.sock', { server: { path: '/run/redis.sock' }, tls: false }],
    ['unix:/run/redis.sock', { server: { path: '/run/redis.sock' }, tls: false }],
    ['unix:///run/a%20b.sock?db=2', { server: { path: '/run/a b.sock' }, tls: false, db: 2 }],
    [
      'unix://bob:p%3Aw@/r.sock',
      { server: { path: '/r.sock' }, tls: false, username: 'bob', password: 'p:w' },
    ],
    ['unix://:pw@/r.sock', { server: { path: '/r.sock' }, tls: false, password: 'pw' }],
  ])('%s is read', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address);
  });

  it.each([
    '',
    'localhost:6379',
    '/run/redis.sock',
    'http://h:1',
    'redis://',
    'redis:///2',
    'redis://h:99999',
    'redis://h/two',
    'redis://h/1/2',
    'redis://h?db=1',
    'redis://u:sekret/1@h',
    'redis://u:sekret#1@h',
    'redis://u:sekret?1@h',
    'redis://u:sekret%@h',
    'unix://u:sekret@',
    'unix://u:sekret@host/r.sock',
    'unix:///r.sock?db=x&p=sekret',
  ])('%s is refused, without showing a password', (url) => {
    const attempt = () => parseRedisUrl(url);
    expect(attempt).toThrow(RedisUrlError);
    expect(attempt).not.toThrow(/sekret/);
  });

  it.each([
    ['redis://bob:sekret@h:7000/3', 'redis://h:7000/3'],
    ['rediss://:sekret@[::1]', 'rediss://[::1]:6379'],
    ['unix://bob:sekret@/r.sock?db=1', 'unix:///r.sock?db=1'],
  ])('%s is named in messages as %s', (url, name) => {
    expect(describeAddress(parseRedisUrl(url))).toBe(name);
  });
});

describe('a failure to connect', () => {
  const address = parseRedisUrl('redis://bob:sekret@h:1');
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });

  it.each([
    [
      new Error('connect ECONNREFUSED h:1'),
      'no connection to Redis at redis://h:1: connect ECONNREFUSED h:1',
    ],
    [Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }), 'redis://h:1: ECONNREFUSED'],
    [reply('NOAUTH Authentication required.'), 'wants a password'],
    [reply('WRONGPASS invalid username-password pair'), 'does not accept this user and password'],
    [reply('ERR invalid password'), 'does not accept this user and password'],
    [reply("NOPERM User bob has no permissions to run the 'monitor' command"), "the 'monitor' command"],
    [reply('ERR DB index is out of range'), 'refuses: ERR DB index is out of range'],
  ])('is told with the words of whoever failed it: %s', (cause, message) => {
    const error = connectError(address, cause);
    expect(error.message).toContain(message);
    expect(error.message).toContain('redis://h:1');
    expect(error.cause).toBe(cause);
  });
});

describe('the URL of Sentinels', () => {
  it.each([
    [
      'redis+sentinel://h/mymaster',
      { sentinels: [{ host: 'h', port: 26379 }], master: 'mymaster', tls: false },
    ],
    [
      'rediss+sentinel://bob:p%40w@h:1,[::1]:2,10.0.0.1/a%20b/3',
      {
        sentinels: [
          { host: 'h', port: 1 },
          { host: '::1', port: 2 },
          { host: '10.0.0.1', port: 26379 },
        ],
        master: 'a b',
        tls: true,
        username: 'bob',
        password: 'p@w',
        db: 3,
      },
    ],
  ])('%s is read', (url, address) => {
    expect(isSentinelUrl(url)).toBe(true);
    expect(parseSentinelUrl(url)).toEqual(address);
  });

  it.each([
    'redis+sentinel://h',
    'redis+sentinel://h/',
    'redis+sentinel://h,/m',
    'redis+sentinel://:sekret@h:x/m',
    'redis+sentinel://:sekret@h/m/x',
    'redis+sentinel://::1/m',
  ])('%s is refused, without showing a password', (url) => {
    expect(() => parseSentinelUrl(url)).toThrow(RedisUrlError);
    expect(() => parseSentinelUrl(url)).not.toThrow(/sekret/);
  });

  it('is not that of a server', () => {
    expect(isSentinelUrl('redis://h')).toBe(false);
  });
});
