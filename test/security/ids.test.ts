/** Channel ids of any bytes: they name their own channel, and get into no log, header or key as they are. */
import { beforeAll, describe, expect, it } from 'vitest';
import { redisUpstream, startSharedRedis } from '../redis/support.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { threat } from './threats.ts';

/** As they stand in a path, where nginx decodes them before the location's regular expression sees them. */
const IDS: Readonly<Record<string, string>> = {
  'a brace': 'victim%7D:messages',
  'a brace and a second hash tag': 'victim%7D%7Bchannel:',
  'two opening braces': '%7Bchannel:/victim',
  colons: 'victim:messages',
  'a line break': 'a%0AInjected:%20yes',
  'two line breaks': 'a%0D%0A%0D%0Aevil',
  'a request': 'a%20HTTP/1.1%0D%0AHost:%20x%0D%0A%0D%0AGET%20/pub/victim',
  'a percent sign': '%25d%25s%2525',
  'a carriage return': 'a%0D',
  'bytes that are no UTF-8': '%ff%fe%c0%80',
  'a lonely surrogate': '%ed%a0%80',
  'a variable of nginx': '$host$njchan_settings',
  'terminal escapes': '%1b%5d0;evil%07%1b%5b2J',
  'a name of an object': '__proto__',
  blanks: '%20%09%20',
  'a comma': 'victim,victim',
  'a glob of PSUBSCRIBE': '*%5B%5D%3F',
};
/** Refused where channels are in Redis: in its keys this byte stands for a brace. */
const SUBSTITUTE = 'victim%19:messages';
const TOO_LONG = 'x'.repeat(1025);
const LONGEST = '%C3%A9'.repeat(512);

const redis = await startSharedRedis();
const client = await redis.connect();

const LOCATIONS = (redisPass: string) => `
        location ~ ^/pub/([\\s\\S]*)$ { nchan_publisher; nchan_channel_id $1; ${redisPass} }
        location ~ ^/sub/([\\s\\S]*)$ { nchan_subscriber; nchan_channel_id $1; ${redisPass} }
        location ~ ^/poll/([\\s\\S]*)$ { nchan_subscriber poll; nchan_channel_id $1; ${redisPass} }
`;

/** Lines of a log begin with when they were written, whatever clients sent; those of the greeting do not. */
const LOG_LINE = /^(?:\d{4}[-/]\d\d[-/]\d\d|njchan| {2}http:)/;

describe.each([
  ['memory', '', ''],
  ['redis', 'nchan_redis_pass redis;', redisUpstream(`redis://127.0.0.1:${redis.port}`)],
])('with channels in %s', (store, redisPass, http) => {
  threat('strange-ids');
  let njchan: Njchan;
  beforeAll(async () => {
    njchan = await startNjchan({ config: (port) => nginxConf(port, LOCATIONS(redisPass), http) });
    await waitFor('the store', async () => (await request(njchan.port, 'GET', '/pub/x')).status === 404);
  });

  const publish = (id: string, body: string) => request(njchan.port, 'POST', `/pub/${id}`, { body });
  const poll = (id: string) => request(njchan.port, 'GET', `/poll/${id}`);

  it.each(Object.entries(IDS))('%s', async (_what, id) => {
    await request(njchan.port, 'DELETE', '/pub/victim');
    expect((await publish('victim', 'for the victim')).status).toBe(202);
    const published = await publish(id, 'for this one');
    expect(published.status).toBe(202);
    expect(published.headerLines.join('\n')).not.toMatch(/injected|evil/i);

    const received = await poll(id);
    expect([received.status, received.body.toString()]).toEqual([200, 'for this one']);
    expect(received.headerLines.join('\n')).not.toMatch(/injected|evil/i);
    expect((await poll('victim')).body.toString()).toBe('for the victim');
    expect((await request(njchan.port, 'DELETE', `/pub/${id}`)).status).toBe(200);
    const info = await request(njchan.port, 'GET', '/pub/victim');
    expect(info.body.toString()).toContain('queued messages: 1\r\n');
  });

  it('as long as may be, and no longer', async () => {
    expect((await publish(LONGEST, 'x')).status).toBe(202);
    expect((await poll(LONGEST)).body.toString()).toBe('x');
    const targets = [`/pub/${TOO_LONG}`, `/sub/${TOO_LONG}`, `/poll/${TOO_LONG}`];
    const answers = await Promise.all(targets.map((target) => request(njchan.port, 'GET', target)));
    expect(answers.map(({ status }) => status)).toEqual([403, 403, 403]);
  });

  it('a zero byte is no request for nginx', async () => {
    expect((await publish('a%00b', 'x')).status).toBe(400);
  });

  it('the byte that stands for a brace in keys', async () => {
    expect((await publish(SUBSTITUTE, 'x')).status).toBe(store === 'redis' ? 403 : 202);
  });

  it('no log line was begun by a client, and none has control characters', () => {
    const lines = njchan
      .output()
      .split('\n')
      .filter((line) => line !== '');
    expect(lines.filter((line) => !LOG_LINE.test(line))).toEqual([]);
    expect(njchan.output()).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f]/);
  });
});

it('every key in Redis is one of a channel, with one hash tag', async () => {
  threat('redis-lua');
  const keys = await client.keysBuffer('*');
  const strange = keys
    .map((key) => key.toString('latin1'))
    .filter((key) => !/^\{channel:\/[^}]*\}(?::|$)/.test(key) && !/^nchan:|^njchan:/.test(key));
  expect(strange).toEqual([]);
});
