/** What is left of Redis in the configuration that nginx gets, and that no password is. */
import { describe, expect, it } from 'vitest';
import { compileFiles, compileText, onlyEndpoint, PLACES, problemsOf } from './compiling.ts';

/** The http level of a configuration without what is written in. */
function upstreamsOf(http: string): string {
  const { config } = compileText(`events {}\nhttp {\n${http}\nserver { location / { nchan_pubsub; } }\n}\n`);
  const start = config.indexOf('keepalive 64;\n    }\n') + 'keepalive 64;\n    }\n'.length;
  return config.slice(start, config.indexOf('server { location')).trim();
}

describe('an upstream', () => {
  it('with only Redis servers is a comment', () => {
    expect(
      upstreamsOf(`upstream redis {
    # ours
    nchan_redis_server redis://:secret@h;
    nchan_redis_namespace x;
    keepalive 5;
}
upstream web { server 127.0.0.1:1; }`),
    ).toBe('# upstream redis { ... }\nupstream web { server 127.0.0.1:1; }');
  });

  it('with other servers keeps them', () => {
    expect(
      upstreamsOf(`upstream both {
    server 127.0.0.1:1 weight=5; # first
    nchan_redis_server redis://:secret@h;
    least_conn;
    nchan_redis_password "top secret";
}`),
    ).toBe(`upstream both {
    server 127.0.0.1:1 weight=5; # first
    # nchan_redis_server redis://***@h;
    least_conn;
    # nchan_redis_password ***;
}`);
  });

  it('of an included file is a comment in its text', () => {
    const { config, redis } = compileFiles({
      'nginx.conf':
        'events {}\nhttp {\n    include up/*.conf;\n    server { location / { nchan_pubsub; nchan_redis_pass u; } }\n}\n',
      'up/redis.conf': 'upstream u {\n    include up/servers;\n}\n',
      'up/servers': 'nchan_redis_server redis://:secret@h;\n',
      'up/web.conf': 'upstream web { server 127.0.0.1:1; }\n',
    });
    expect(config).toContain(`    # include up/*.conf;
# from /conf/up/redis.conf:
# upstream u { ... }
include /conf/up/web.conf;
# end of include up/*.conf;`);
    expect(redis?.upstreams.u?.servers).toEqual([{ url: 'redis://:secret@h:6379' }]);
    expect(config).not.toContain('secret');
  });

  it('without directives of Nchan is none of our business', () => {
    expect(upstreamsOf('upstream a { } upstream a { } upstream { }')).toBe(
      'upstream a { } upstream a { } upstream { }',
    );
  });

  it.each([
    ['upstream u {\n nchan_redis_namespace x;\n}', '4: no servers are inside upstream'],
    ['upstream u { nchan_redis_server h; }\nupstream U { server 127.0.0.1:1; }', '3: duplicate upstream "U"'],
    ['upstream u { server 127.0.0.1:1; }\nupstream u { nchan_redis_server h; }', '3: duplicate upstream "u"'],
    ['upstream u v { nchan_redis_server h; }', '2: invalid number of arguments in "upstream" directive'],
    ['upstream { nchan_redis_server h; }', '2: invalid number of arguments in "upstream" directive'],
  ])('%j is refused', (http, problem) => {
    expect(problemsOf(`events {} http {\n${http} }`)).toEqual([`/conf/nginx.conf:${problem}`]);
  });
});

describe('a password', () => {
  const SECRET = 'hush';
  const CONFIG = `events {} http {
    upstream u { server 127.0.0.1:1; nchan_redis_server "redis://us:${SECRET}@h/abc"; nchan_redis_server :${SECRET}@k;
      nchan_redis_password '${SECRET}'; nchan_redis_server redis+sentinel://:${SECRET}@h/m; }
    server {
      nchan_pubsub; nchan_use_redis on; nchan_redis_url redis://:${SECRET}@h/x;
      location /a { nchan_redis_pass u; location /a/b { } }
      location /b { nchan_redis_url :${SECRET}@x@h; }
      location / { nchan_redis_url :${SECRET}@i; nchan_use_redis off; }
    } }`;

  it('is in what the sidecar is told', () => {
    const { redis } = compileText(CONFIG);
    expect(redis?.upstreams.u).toMatchObject({
      servers: [
        { url: `redis://us:${SECRET}@h:6379` },
        { url: `redis://:${SECRET}@k:6379` },
        { url: `redis+sentinel://:${SECRET}@h:26379/m` },
      ],
      password: SECRET,
    });
    expect(redis?.upstreams['redis://h:6379']?.servers).toEqual([{ url: `redis://:${SECRET}@h:6379` }]);
  });

  it('is not in the configuration, its notices, nor the names of upstreams', () => {
    const { config, notices, redis } = compileText(CONFIG);
    expect(config).not.toContain(SECRET);
    expect(notices.length).toBeGreaterThan(5);
    expect(JSON.stringify(notices)).not.toContain(SECRET);
    expect(Object.keys(redis?.upstreams ?? {}).join()).not.toContain(SECRET);
  });

  it.each([
    ['U', `nchan_redis_server redis://:${SECRET}@h:x;`],
    ['U', `nchan_redis_server http://:${SECRET}@h;`],
    ['U', `nchan_redis_server redis://:${SECRET}@h redis://:${SECRET}@h;`],
    ['U', `nchan_redis_password ${SECRET} ${SECRET};`],
    ['U', `nchan_redis_password ${SECRET}; nchan_redis_password ${SECRET};`],
    ['L', `nchan_redis_password ${SECRET};`],
    ['L', `nchan_redis_url redis://:${SECRET}@h:x;`],
    ['L', `nchan_redis_pass redis://:${SECRET}@h;`],
    ['L', `nchan_redis_pass :${SECRET}@h:1;`],
  ] as const)('is in no fault: in %s %s', (place, line) => {
    const problems = problemsOf(PLACES[place](line));
    expect(problems).not.toEqual([]);
    expect(problems.join('\n')).not.toContain(SECRET);
  });
});

describe('nchan_redis_upstream_stats', () => {
  it('hands the name over, as nginx computes it', () => {
    const { config, redis } = compileText(`events {} http {
      upstream u { nchan_redis_server h; }
      server { location / { nchan_pubsub; nchan_redis_pass u; }
        location = /stats { nchan_redis_upstream_stats $arg_u; nchan_channel_id x; } } }`);
    expect(config).toContain('js_content njchan.redisStats;');
    expect(config).toContain('js_var $njchan_2_redis_upstream_expression $arg_u;');
    expect(config).not.toContain('js_var $njchan_2_channel_id');
    expect(config).toContain(`set $njchan_settings '{"location":"/conf/nginx.conf:4"}';`);
    // Where somebody looks at figures they are kept.
    expect(redis?.upstreams.u?.stats).toBe(true);
  });

  it('given twice, the first counts', () => {
    const { values } = onlyEndpoint(
      'location / { nchan_redis_upstream_stats a; nchan_redis_upstream_stats b; }',
    );
    expect(values).toEqual({ redis_upstream_expression: 'a' });
  });

  /** As measured with Nchan: the nearest level counts, and there the last directive. */
  it.each([
    ['location / { nchan_pubsub; nchan_redis_upstream_stats u; }', ['redisStats']],
    ['location / { nchan_redis_upstream_stats u; nchan_publisher; }', ['publisher']],
    [
      'location / { nchan_redis_upstream_stats u; location /a { nchan_subscriber; } location /b { } }',
      ['redisStats', 'subscriber', 'redisStats'],
    ],
    [
      'location / { nchan_publisher; location /a { nchan_redis_upstream_stats u; } }',
      ['publisher', 'redisStats'],
    ],
    ['nchan_redis_upstream_stats u;', ['redisStats']],
  ])('%s', (server, handlers) => {
    const { config } = compileText(`events {} http { server { ${server} } }`);
    expect([...config.matchAll(/js_content njchan\.(\w+);/g)].map(([, handler]) => handler).sort()).toEqual(
      [...handlers].sort(),
    );
  });

  it.each(['nchan_pubsub; nchan_redis_upstream_stats u;', 'nchan_redis_upstream_stats u; nchan_pubsub;'])(
    'beside an endpoint for channels gets a word: %s',
    (lines) => {
      const { notices } = compileText(`events {} http { server { location / { ${lines} } } }`);
      expect(notices.map(({ message }) => message)).toEqual([
        "Can't have a redis stats location and also a group, publisher, or subscriber location.",
      ]);
    },
  );
});
