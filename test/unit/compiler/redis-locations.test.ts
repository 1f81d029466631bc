/** Which locations are in Redis. What Nchan does in these cases is compared in test/conformance. */
import { describe, expect, it } from 'vitest';
import type { CompileResult } from '../../../nginx/compiler/index.ts';
import { compileText as compile, endpointsOf, problemsOf } from './compiling.ts';

const UPSTREAMS = `upstream a { nchan_redis_server a; }
upstream b { nchan_redis_server b; }
upstream up { nchan_redis_server up; nchan_redis_storage_mode nostore; nchan_redis_namespace up; nchan_redis_nostore_fastpublish on; }`;

/** The first line of `http` is line 5, that of `server` 1 + its number of lines after it. */
const around = (server: string, http = '') =>
  `events {} http {\n${UPSTREAMS}\n${http}\nserver { nchan_pubsub; nchan_channel_id x;\n${server}\n} }`;

/** Settings by line; the first line of `server` is line 7. */
function settings(server: string, http = '') {
  const found = endpointsOf(compile(around(server, http)).config);
  return Object.fromEntries(Object.entries(found).map(([line, seen]) => [line, seen.settings]));
}

function upstreams(server: string): Record<string, string> {
  const found = settings(server);
  return Object.fromEntries(Object.entries(found).map(([line, { redisUpstream }]) => [line, redisUpstream]));
}

const noticesOf = ({ notices }: CompileResult): string[] =>
  notices.map(({ line, message }) => `${line}: ${message}`).filter((text) => !text.includes('discouraged'));

describe('nchan_redis_pass', () => {
  it('counts for its own location', () => {
    expect(
      upstreams(`location /a { nchan_redis_pass a; }
        location /b { nchan_redis_pass b; }
        location / { }`),
    ).toEqual({ 7: 'a', 8: 'b', 9: '' });
  });

  it('finds an upstream in any case, and names it as it is written there', () => {
    expect(upstreams('location / { nchan_redis_pass A; }')).toEqual({ 7: 'a' });
  });

  it('is not inherited, and njchan says so', () => {
    const text = around(`nchan_redis_pass a;
      location /a {
        location /a/b { nchan_redis_pass b; }
        location /a/c { } }
      location = /r { return 204; }`);
    const result = compile(text);
    const found = endpointsOf(result.config);
    expect([8, 9, 10].map((line) => found[line]?.settings.redisUpstream)).toEqual(['', 'b', '']);
    const lost =
      'nchan_redis_pass a of /conf/nginx.conf:7 is not inherited, so this location keeps channels in memory: repeat it here, or turn nchan_redis_pass_inheritable on';
    expect(noticesOf(result)).toEqual([`8: ${lost}`, `10: ${lost}`]);
  });

  it('of a server is that of requests which no location takes', () => {
    expect(upstreams('nchan_redis_pass a;\nlocation /b { }')).toEqual({ 6: 'a', 8: '' });
  });

  it('is inherited where that is turned on, not where it is off', () => {
    const text = around(`location /a { nchan_redis_pass a; nchan_redis_pass_inheritable on;
        location /a/b { }
        location /a/c { nchan_redis_pass b;
          location /a/c/d { } }
        location /a/e { nchan_redis_pass_inheritable off; } }
      location /b { nchan_redis_pass a;
        location /b/c { nchan_redis_pass_inheritable on; } }
      location / { nchan_redis_pass_inheritable on; }`);
    const result = compile(text);
    const found = endpointsOf(result.config);
    const names = [7, 8, 9, 10, 11, 12, 13, 14].map((line) => found[line]?.settings.redisUpstream);
    expect(names).toEqual(['a', 'a', 'b', 'b', '', 'a', 'a', '']);
    // "off" is an answer: whoever says it knows.
    expect(noticesOf(result)).toEqual([]);
  });

  it('is lost in an if, even one that only rewrites', () => {
    const result = compile(
      around(`location / { nchan_redis_pass a;
        if ($arg_x) { set $y 1; }
        if ($arg_z) { return 403; }
      }`),
    );
    const found = endpointsOf(result.config);
    expect(found[8]?.settings.redisUpstream).toBe('');
    expect(noticesOf(result)).toEqual([
      '8: nchan_redis_pass a of /conf/nginx.conf:7 is not inherited, so requests that match this "if" keep channels in memory: turn nchan_redis_pass_inheritable on',
    ]);
  });

  it('is kept in an if where it is inherited', () => {
    const result = compile(
      around(`location / { nchan_redis_pass a; nchan_redis_pass_inheritable on;
        if ($arg_x) { set $y 1; }
        if ($arg_z) { nchan_store_messages off; }
      }`),
    );
    expect(endpointsOf(result.config)[9]?.settings.redisUpstream).toBe('a');
    expect(result.config).toContain('if ($arg_x) {\n            set $njchan_location 1;');
    expect(noticesOf(result)).toEqual([]);
  });

  it.each([
    ['nosuch', 'no port in upstream "nosuch"'],
    ['$x', 'no port in upstream "$x"'],
    ['""', 'no host in upstream ""'],
    ['nosuch:80', 'there is no upstream "nosuch:80"'],
    ['redis://:secret@h', 'invalid host in upstream "redis://***@h"'],
    [':secret@h:1', 'there is no upstream "***@h:1"'],
  ])('to %s is refused', (name, message) => {
    expect(problemsOf(around(`location / {\nnchan_redis_pass ${name}; }`))).toEqual([
      `/conf/nginx.conf:8: ${message}`,
    ]);
  });

  it.each(['server 127.0.0.1:1;', 'server 127.0.0.1:1; nchan_redis_namespace x;'])(
    'to an upstream of %s is refused',
    (lines) => {
      const text = `events {} http { upstream plain { ${lines} } server {\nnchan_redis_pass plain; } }`;
      expect(problemsOf(text)).toEqual([
        '/conf/nginx.conf:2: upstream "plain" has no nchan_redis_server, only servers that nginx uses itself',
      ]);
    },
  );

  it('to an upstream that has servers of nginx too says that they are none of Redis', () => {
    const result = compile(
      'events {} http { upstream u {\nnchan_redis_server h;\nserver 127.0.0.1:1;\n} server { location / { nchan_pubsub; nchan_redis_pass u; } } }',
    );
    expect(noticesOf(result)).toEqual([
      '3: this server of upstream "u" is not used for Redis; that takes nchan_redis_server',
    ]);
    expect(result.redis?.upstreams.u?.servers).toEqual([{ url: 'redis://h:6379' }]);
  });
});

describe('nchan_use_redis', () => {
  const DEFAULT = 'redis://127.0.0.1:6379';

  it('takes the nearest URL, or the default', () => {
    expect(
      upstreams(`location /a { nchan_use_redis on; }
        location /b { nchan_use_redis on; nchan_redis_url b:1;
          location /b/c { nchan_redis_url c;
            location /b/c/d { } }
          location /b/e { nchan_use_redis off; } }
        location / { nchan_redis_url f; }`),
    ).toEqual({
      7: DEFAULT,
      8: 'redis://b:1',
      9: 'redis://c:6379',
      10: 'redis://c:6379',
      11: '',
      12: '',
    });
  });

  it('gives way to nchan_redis_pass and takes over where that is lost', () => {
    const result = compile(
      around(`nchan_use_redis on; nchan_redis_url h;
        location /a { nchan_redis_pass a;
          location /a/b { }
          location /a/c { nchan_redis_pass_inheritable on; nchan_use_redis on; nchan_redis_url k; }
          location /a/d { nchan_use_redis on; } }
        location /e { nchan_use_redis off; nchan_redis_pass a; }`),
    );
    const found = endpointsOf(result.config);
    const names = [8, 9, 10, 11, 12].map((line) => found[line]?.settings.redisUpstream);
    expect(names).toEqual(['a', 'redis://h:6379', 'a', 'redis://h:6379', 'a']);
    expect(noticesOf(result)).toEqual([
      '9: nchan_redis_pass a of /conf/nginx.conf:8 is not inherited, so this location keeps channels in the Redis at redis://h:6379: repeat it here, or turn nchan_redis_pass_inheritable on',
      '10: no location uses this nchan_redis_url: that takes nchan_use_redis on and no nchan_redis_pass',
    ]);
  });

  it('may be given a URL before the pass that wins over it, not after', () => {
    const before = 'location / { nchan_redis_url h; nchan_redis_pass a; nchan_use_redis on; }';
    expect(upstreams(before)).toEqual({ 7: 'a' });
    expect(problemsOf(around('location / { nchan_redis_pass a; nchan_redis_url h; }'))).toEqual([
      `/conf/nginx.conf:7: "nchan_redis_url" directive can't be set here: already using nchan_redis_pass`,
    ]);
  });

  it('has names without passwords, one for each URL', () => {
    const result = compile(
      around(`nchan_use_redis on;
        location /a { nchan_redis_url redis://:one@h; }
        location /b { nchan_redis_url redis://:two@h; }
        location / { nchan_redis_url redis://:one@h; }`),
    );
    const found = endpointsOf(result.config);
    expect([8, 9, 10].map((line) => found[line]?.settings.redisUpstream)).toEqual([
      'redis://h:6379',
      'redis://h:6379#2',
      'redis://h:6379',
    ]);
    expect(
      Object.entries(result.redis?.upstreams ?? {}).map(([name, { servers }]) => [name, servers]),
    ).toEqual([
      ['redis://h:6379', [{ url: 'redis://:one@h:6379' }]],
      ['redis://h:6379#2', [{ url: 'redis://:two@h:6379' }]],
    ]);
  });
});

describe('how channels are kept', () => {
  const UP = { redisStorageMode: 'nostore', redisNamespace: 'up:', redisNostoreFastpublish: true };

  it('is said by the location itself, then the upstream it passes to, then what is around it', () => {
    const found = settings(
      `location /1 { nchan_redis_pass up; nchan_redis_storage_mode distributed; nchan_redis_namespace own:; }
       location /2 { nchan_redis_pass a; }
       location /3 { nchan_redis_pass up; }
       location /4 { nchan_redis_pass up; nchan_redis_namespace ""; }`,
      'nchan_redis_namespace http; nchan_redis_storage_mode backup; nchan_redis_idle_channel_cache_timeout 9;',
    );
    const http = { redisStorageMode: 'backup', redisNamespace: 'http:', redisNostoreFastpublish: false };
    expect(found[7]).toMatchObject({ ...UP, redisStorageMode: 'distributed', redisNamespace: 'own:' });
    expect(found[8]).toMatchObject({ ...http, redisIdleChannelCacheTimeout: 9 });
    expect(found[9]).toMatchObject({ ...UP, redisIdleChannelCacheTimeout: 9 });
    expect(found[10]).toMatchObject({ ...UP, redisNamespace: '' });
  });

  it('comes from the level around rather than from an upstream that is inherited', () => {
    const found =
      settings(`location /1 { nchan_redis_pass up; nchan_redis_pass_inheritable on; nchan_redis_namespace own;
         location /1/a { }
         location /1/b { nchan_redis_pass a; } }`);
    for (const line of [7, 8, 9]) expect(found[line]).toMatchObject({ ...UP, redisNamespace: 'own:' });
  });

  it('comes from the upstream of the level around where there is none', () => {
    const found = settings(`nchan_use_redis on;
       location /1 { nchan_redis_pass up;
         location /1/a { nchan_redis_pass a; }
         location /1/b { } }`);
    expect(found[9]).toMatchObject({ redisUpstream: 'a', ...UP });
    expect(found[10]).toMatchObject({ redisUpstream: 'redis://127.0.0.1:6379', ...UP });
  });

  it('is not said where channels are in memory', () => {
    const { config } = compile(
      around('location / { }', 'nchan_redis_namespace x; nchan_redis_storage_mode b;'),
    );
    expect(config).not.toContain('"redis');
  });

  it.each([
    ['distributed', 'distributed'],
    ['D', 'distributed'],
    ['BACK', 'backup'],
    ['n', 'nostore'],
    ['distributed-nostore', 'nostore'],
    ['distributed-', 'nostore'],
  ])('%s is %s', (word, mode) => {
    const found = settings(`location / { nchan_redis_pass a; nchan_redis_storage_mode ${word}; }`);
    expect(found[7]?.redisStorageMode).toBe(mode);
  });

  it('has a time for channels that nobody uses, in memory too', () => {
    expect(settings('nchan_channel_timeout 1m;\nlocation / { }')[8]?.channelTimeout).toBe(60);
  });
});

describe('the ping interval of an upstream', () => {
  const interval = (locations: string): number | undefined =>
    compile(
      `events {} http { upstream u { nchan_redis_server u; nchan_redis_ping_interval 9; } server { nchan_pubsub; ${locations} } }`,
    ).redis?.upstreams.u?.pingIntervalSeconds;

  it('is the shortest of those of its locations', () => {
    const pass = 'nchan_redis_pass u;';
    expect(interval(`location / { ${pass} }`)).toBe(9);
    expect(interval(`location / { ${pass} nchan_redis_ping_interval 0; }`)).toBe(0);
    expect(
      interval(`location / { ${pass} nchan_redis_ping_interval 20; }
        location /a { ${pass} nchan_redis_ping_interval 5; }
        location /b { ${pass} nchan_redis_ping_interval 0; }`),
    ).toBe(5);
  });
});

it('the sidecar is told only of what locations use', () => {
  expect(Object.keys(compile(around('location / { nchan_redis_pass b; }')).redis?.upstreams ?? {})).toEqual([
    'b',
  ]);
  expect(compile(around('location / { }')).redis).toBeUndefined();
});
