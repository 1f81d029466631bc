/**
 * In which Redis, in which mode and under which keys the channels of a location are kept: what our compiler says, and
 * what the real Nchan does. Every location is published to once, under a channel id of its own, and the Redis servers
 * tell what they were asked to do.
 */
import type { Redis } from 'ioredis';
import { beforeAll, describe, expect, it } from 'vitest';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { compileText, endpointsOf } from '../unit/compiler/compiling.ts';
import { differenceIds } from './differences.ts';
import { type Nchan, startNchan } from './nchan.ts';

/** Where the channels of a location are. */
interface Place {
  /** A letter in the configuration. */
  readonly redis: string;
  readonly mode: 'distributed' | 'backup' | 'nostore' | 'nostore fast';
  readonly namespace: string;
}

/** The letters stand for the ports of the servers. */
const HTTP = `
upstream a { nchan_redis_server redis://127.0.0.1:A; }
upstream b { nchan_redis_server redis://127.0.0.1:B; }
upstream mode { nchan_redis_server redis://127.0.0.1:A; nchan_redis_storage_mode nostore; nchan_redis_namespace up; }
upstream fast { nchan_redis_server redis://127.0.0.1:B; nchan_redis_storage_mode nostore; nchan_redis_nostore_fastpublish on; }
`;

/** A location or an \`if\` is named by what stands in its line after the \`#\`, which is also where it is published to. */
const SERVER = `
nchan_pubsub; nchan_channel_id $arg_id;
location = /info/x { return 404; }
location /pass { # /pass
  nchan_redis_pass a;
  location /pass/lost { } # /pass/lost
  location /pass/inherits { # /pass/inherits
    nchan_redis_pass_inheritable on;
  }
  location /pass/other { # /pass/other
    nchan_redis_pass b;
    location /pass/other/lost { } # /pass/other/lost
  }
  if ($arg_if) { # /pass?if=1
    set $x 1;
  }
}
location /all { # /all
  nchan_redis_pass A;
  nchan_redis_pass_inheritable on;
  location /all/a { } # /all/a
  location /all/off { # /all/off
    nchan_redis_pass_inheritable off;
  }
  location /all/b { # /all/b
    nchan_redis_pass b;
    location /all/b/b { } # /all/b/b
  }
  location /all/url { # /all/url
    nchan_use_redis on;
    nchan_redis_url 127.0.0.1:B;
  }
  if ($arg_if) { # /all?if=1
    set $x 1;
  }
}
location /url { # /url
  nchan_redis_url 127.0.0.1:B;
}
location /use { # /use
  nchan_use_redis on;
  nchan_redis_url 127.0.0.1:B;
  location /use/inherits { } # /use/inherits
  location /use/other { # /use/other
    nchan_redis_url 127.0.0.1:C;
  }
  location /use/off { # /use/off
    nchan_use_redis off;
  }
  location /use/pass { # /use/pass
    nchan_redis_pass a;
    location /use/pass/lost { } # /use/pass/lost
  }
  if ($arg_if) { # /use?if=1
    set $x 1;
  }
}
location /both { # /both
  nchan_redis_url 127.0.0.1:B;
  nchan_use_redis on;
  nchan_redis_pass a;
  location /both/lost { } # /both/lost
}
location /off { # /off
  nchan_use_redis off;
  nchan_redis_pass a;
}
location /mode { # /mode
  nchan_redis_pass mode;
  location /mode/a { # /mode/a
    nchan_redis_pass a;
  }
}
location /own { # /own
  nchan_redis_pass mode;
  nchan_redis_storage_mode distributed;
  nchan_redis_namespace own:;
  nchan_redis_pass_inheritable on;
  location /own/inherits { } # /own/inherits
  location /own/a { # /own/a
    nchan_redis_pass a;
  }
}
location /none { # /none
  nchan_redis_pass mode;
  nchan_redis_namespace "";
}
location /backup { # /backup
  nchan_redis_storage_mode backup;
  nchan_redis_namespace outer;
  location /backup/a { # /backup/a
    nchan_redis_pass a;
  }
  location /backup/mode { # /backup/mode
    nchan_redis_pass mode;
  }
}
location /limited { # /limited
  nchan_redis_pass a;
  limit_except GET {
    allow all;
  }
}
location /fast { # /fast
  nchan_redis_pass fast;
}
`;

/** Where both differ, with the id of the row in docs/differences.md that says so. */
const DIFFERENT: Readonly<Record<string, string>> = { '/limited': 'redis-limit-except' };

const NAMES = [...SERVER.matchAll(/ # (\/.*)$/gm)].map(([, name]) => name as string);

/** How scripts of Nchan are called in EVALSHA (spec/redis-store.md §3). */
const PUBLISH = '1c68d9e05fe55e2992a917c41255f23e1330b255';
const REGISTER = '24643f71942769759df94b4ddfea15925612f595';
const COUNT = '35696def4f2ec62f9b91a72fa17bba7a4e4cb6cf';

/** A command that a client sent to a server. */
interface Command {
  readonly redis: string;
  readonly args: readonly string[];
}

const ours = new Map<string, Place | 'memory'>();
const commands: Command[] = [];
let nchan: Nchan;

const channelOf = (name: string): string => `channel-${NAMES.indexOf(name)}-`;

function target(name: string): string {
  return `${name}${name.includes('?') ? '&' : '?'}id=${channelOf(name)}`;
}

/** What a server was asked to do when something was published to a location. */
function theirs(name: string): Place | 'memory' {
  const about = commands.filter(({ args }) => args.some((arg) => arg.includes(channelOf(name))));
  const script = (sha: string) => about.find(({ args }) => args[0] === 'evalsha' && args[1] === sha);
  const stored = script(PUBLISH);
  if (stored) {
    const mode = script(REGISTER) ? 'backup' : 'distributed';
    return { redis: stored.redis, mode, namespace: stored.args[3] as string };
  }
  const passedOn = about.find(({ args }) => args[0] === 'publish');
  if (!passedOn) return 'memory';
  const namespace = passedOn.args[1]?.split('{channel:')[0] as string;
  return { redis: passedOn.redis, mode: script(COUNT) ? 'nostore' : 'nostore fast', namespace };
}

function compileOurs(ports: ReadonlyMap<string, number>): void {
  const text = `events {} http { ${HTTP} server { listen 127.0.0.1:1; ${SERVER} } }`;
  const withPorts = insertPorts(text, ports);
  const { config, redis } = compileText(withPorts);
  const endpoints = endpointsOf(config);
  withPorts.split('\n').forEach((line, at) => {
    const name = / # (\/.*)$/.exec(line)?.[1];
    if (name === undefined) return;
    const settings = endpoints[at + 1]?.settings;
    if (!settings) {
      // An `if` that changes nothing has what is said for its location.
      ours.set(name, ours.get(name.replace(/\?.*/, '')) as Place);
      return;
    }
    const url = redis?.upstreams[settings.redisUpstream]?.servers[0]?.url;
    const letter = [...ports].find(([, port]) => url?.endsWith(`:${port}`))?.[0];
    const fast = settings.redisNostoreFastpublish ? ' fast' : '';
    const mode = `${settings.redisStorageMode}${fast}` as Place['mode'];
    ours.set(name, letter ? { redis: letter, mode, namespace: settings.redisNamespace } : 'memory');
  });
}

function insertPorts(text: string, ports: ReadonlyMap<string, number>): string {
  return text.replace(/(?<=127\.0\.0\.1:)[A-C]\b/g, (letter) => String(ports.get(letter)));
}

/** Gathers the commands that clients send to a server; those of scripts are left out. */
async function watch(redis: string, client: Redis): Promise<void> {
  const monitor = await client.monitor();
  monitor.on('monitor', (_time: string, [name = '', ...args]: string[], source: string) => {
    if (source !== 'lua') commands.push({ redis, args: [name.toLowerCase(), ...args] });
  });
}

beforeAll(async () => {
  const ports = new Map<string, number>();
  for (const letter of ['A', 'B', 'C']) {
    const port = await freePort();
    ports.set(letter, port);
    await watch(letter, await (await startRedis({ port })).connect());
  }
  compileOurs(ports);
  nchan = await startNchan(insertPorts(SERVER, ports), insertPorts(HTTP, ports));

  const publish = (name: string) => request(nchan.port, 'POST', target(name), { body: 'x' });
  for (const name of NAMES) {
    // 503 until Nchan is connected to the servers.
    await waitFor(`Nchan to take ${name}`, async () => (await publish(name)).status === 202);
  }
  // A copy for backup is made after the answer, so the last ones may be on their way.
  await waitFor('the servers to tell all', () =>
    NAMES.every((name) => name in DIFFERENT || ours.get(name) === 'memory' || theirs(name) !== 'memory'),
  );
});

describe('the channels of', () => {
  it.each(NAMES)('%s', (name) => {
    const id = DIFFERENT[name];
    if (id === undefined) {
      expect(ours.get(name)).toEqual(theirs(name));
      return;
    }
    expect(differenceIds(), 'docs/differences.md').toContain(id);
    expect(ours.get(name)).not.toEqual(theirs(name));
  });
});

it('the locations use every server and mode, and memory', () => {
  const places = [...ours.values()].map((place) =>
    place === 'memory' ? [place] : [place.redis, place.mode],
  );
  expect([...new Set(places.flat())].sort()).toEqual(
    ['A', 'B', 'C', 'backup', 'distributed', 'memory', 'nostore', 'nostore fast'].sort(),
  );
});
