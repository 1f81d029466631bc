import { describe, expect, it } from 'vitest';
import { parseServerInfo, ServerInfoError } from '../../../sidecar/store/redis/server-info.ts';

function info(fields: Record<string, string>): string {
  const lines = Object.entries({ redis_version: '7.0.15', run_id: 'abc', role: 'master', ...fields });
  return ['# Server', ...lines.map(([name, value]) => `${name}:${value}`), ''].join('\r\n');
}

describe('what a server says about itself', () => {
  it('tells a master and the replicas that are in sync', () => {
    const text = info({
      slave0: 'ip=127.0.0.1,port=6380,state=online,offset=14,lag=0',
      slave1: 'ip=127.0.0.1,port=6381,state=wait_bgsave,offset=0,lag=0',
      slave2: 'ip=::1,port=6382,state=online,offset=14,lag=1',
    });
    expect(parseServerInfo(text)).toEqual({
      version: '7.0.15',
      runId: 'abc',
      role: 'master',
      firstSecondMs: 0,
      loading: false,
      cluster: false,
      master: undefined,
      followsMaster: false,
      replicas: [
        { host: '127.0.0.1', port: 6380 },
        { host: '::1', port: 6382 },
      ],
    });
  });

  it('tells a replica, whom it follows and whether it hears from there', () => {
    const replica = { role: 'slave', master_host: 'h', master_port: '6379', master_link_status: 'up' };
    expect(parseServerInfo(info(replica))).toMatchObject({
      role: 'slave',
      master: { host: 'h', port: 6379 },
      followsMaster: true,
    });
    expect(parseServerInfo(info({ ...replica, master_link_status: 'down' })).followsMaster).toBe(false);
  });

  it('tells that it loads its data, and that it is in a cluster', () => {
    expect(parseServerInfo(info({ loading: '1', cluster_enabled: '1' }))).toMatchObject({
      loading: true,
      cluster: true,
    });
  });

  it.each([
    ['no INFO of Redis', 'hello', /no Redis/],
    ['a Redis that is too old', info({ redis_version: '4.0.14' }), /4\.0\.14 is too old/],
  ])('is refused when it is %s', (_, text, message) => {
    expect(() => parseServerInfo(text)).toThrow(ServerInfoError);
    expect(() => parseServerInfo(text)).toThrow(message);
  });
});

it.each([
  ['0', '1700000000250000', 750],
  ['0', '1700000000999999', 1],
  ['1', '1700000000250000', 0],
])('a server that has been up for %s s at %s µs is in its first second for %d ms', (uptime, usec, left) => {
  const text = `redis_version:7.0.15\r\nuptime_in_seconds:${uptime}\r\nserver_time_usec:${usec}\r\n`;
  expect(parseServerInfo(text).firstSecondMs).toBe(left);
});
