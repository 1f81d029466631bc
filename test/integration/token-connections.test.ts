/** What tokens mean for connections that last: how they are opened, and that they end when the token does. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { threat } from '../security/threats.ts';
import { untilSubscribers } from '../support/channel-figures.ts';
import { openEventSource } from '../support/eventsource.ts';
import { type Njchan, runCli, startNjchan } from '../support/njchan.ts';
import { RawConnection, request } from '../support/raw-http.ts';
import { ALL, inSeconds, keyFile, makeToken, newKey } from '../support/tokens.ts';
import { within } from '../support/wait.ts';
import { HandshakeRefused, openWebSocket } from '../support/websocket.ts';

const key = newKey('ES256');

const location = (path: string, lines: string): string =>
  `location ~ ^/${path}/(\\w+)$ { nchan_channel_id $1; ${lines} }\n`;

const CONFIG = `
  njchan_token_key ${key.file};
  njchan_token_leeway 0;
  njchan_token_from header subprotocol argument:token;
  ${location('all', 'nchan_pubsub;')}
  ${location('apart', 'nchan_pubsub; nchan_publisher_channel_id out$1;')}
  ${location('pub', 'nchan_publisher;')}
  ${location('free', 'nchan_publisher; njchan_token off;')}
  ${location('write', 'nchan_pubsub; njchan_token publish;')}
  ${location('chunks', 'nchan_subscriber chunked;')}
  ${location('parts', 'nchan_subscriber multipart;')}
  ${location('raw', 'nchan_subscriber http-raw-stream;')}
`;

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: CONFIG });
});

/** A token that is good for a moment. */
const brief = (): string => makeToken(key, { ...ALL, exp: inSeconds(6) });
const lasting = makeToken(key, ALL);
const publish = (channel: string, body: string): Promise<unknown> =>
  request(njchan.port, 'POST', `/free/${channel}`, { body });

describe.concurrent('when a token expires', () => {
  threat('expired-token');
  it('a WebSocket is closed with 1008', async () => {
    const client = await openWebSocket(`${njchan.url}/all/ws?token=${brief()}`);
    await publish('ws', 'before');
    expect(await client.text()).toBe('before');
    expect(await within('the end', client.closed)).toEqual({ code: 1008, reason: '401 Unauthorized' });
    await untilSubscribers(njchan.port, '/free/ws', 0);
  });

  it('so is one that only publishes', async () => {
    const client = await openWebSocket(`${njchan.url}/pub/wspub?token=${brief()}`);
    client.send('hello');
    await client.text();
    expect(await within('the end', client.closed)).toEqual({ code: 1008, reason: '401 Unauthorized' });
  });

  it('an EventSource is told in a comment and ended', async () => {
    const reader = await openEventSource(`${njchan.url}/all/es`, { Authorization: `Bearer ${brief()}` });
    await publish('es', 'before');
    expect((await reader.event()).data).toBe('before');
    await within('the end', reader.ended);
    const lines: string[] = [];
    for (;;) {
      const line = await reader.line().catch(() => undefined);
      if (line === undefined) break;
      lines.push(line);
    }
    expect(lines.slice(-2)).toEqual([':401: 401 Unauthorized', '']);
  });

  it('a long-poll is answered 401', async () => {
    const response = await request(njchan.port, 'GET', `/all/poll?token=${brief()}`, {
      headers: { Origin: 'http://o.example' },
    });
    expect(response.status).toBe(401);
    expect(response.headers['www-authenticate']).toContain('The token has expired.');
    expect(response.headers['access-control-allow-origin']).toBe('http://o.example');
    await untilSubscribers(njchan.port, '/free/poll', 0);
  });

  it.each([
    ['chunks', 'TE: chunked', /\r\n6\r\nbefore\r\n0\r\n\r\n$/],
    ['parts', 'Accept: multipart/mixed', /before\r\n--[^\r\n]{32}--\r\n$/],
    ['raw', 'X: y', /\r\n\r\nbefore\n$/],
  ])('a stream of %s ends as it would at any end', async (path, header, end) => {
    const connection = await RawConnection.open(njchan.port);
    connection.send(`GET /${path}/s${path} HTTP/1.1\r\nHost: x\r\n${header}\r\n`);
    connection.send(`Authorization: Bearer ${brief()}\r\n\r\n`);
    const head = await connection.readHead();
    expect(head.toString()).toMatch(/^HTTP\/1.1 200/);
    await publish(`s${path}`, 'before');
    expect(`\r\n\r\n${(await connection.readToEnd()).toString('latin1')}`).toMatch(end);
  });

  it('is long after, nothing ends', async () => {
    const far = makeToken(key, { ...ALL, exp: 1e12 });
    const client = await openWebSocket(`${njchan.url}/all/far?token=${far}`);
    // Whoever expires in between shows that the clock was looked at.
    const other = await openWebSocket(`${njchan.url}/all/far?token=${brief()}`);
    await within('the end', other.closed);
    await publish('far', 'still there');
    expect(await client.text()).toBe('still there');
  });
});

describe('a WebSocket', () => {
  const offer = (...protocols: string[]): Promise<string | undefined> =>
    openWebSocket(`${njchan.url}/all/offer`, { protocols }).then(({ socket }) => socket.protocol);
  const asProtocol = `njchan.token.${lasting}`;

  it('may bring its token as a subprotocol, and another is chosen', async () => {
    expect(await offer(asProtocol, 'ws+meta.nchan')).toBe('ws+meta.nchan');
    expect(await offer(asProtocol, 'chat', 'ws+meta.nchan')).toBe('ws+meta.nchan');
    expect(await offer(asProtocol, 'chat', 'talk')).toBe('chat');
  });

  it('gets the token back when it offered nothing else, since browsers would hang up', async () => {
    expect(await offer(asProtocol)).toBe(asProtocol);
  });

  it('without a token, or with a bad one, is refused before it opens', async () => {
    for (const protocols of [[], ['njchan.token.x'], ['njchan.token.', 'chat']]) {
      const refused = (await openWebSocket(`${njchan.url}/all/a`, { protocols }).catch(
        (error: unknown) => error,
      )) as HandshakeRefused;
      expect(refused).toBeInstanceOf(HandshakeRefused);
      expect(refused.status).toBe(401);
    }
  });

  it('only publishes where the token gives the right to', async () => {
    const reader = makeToken(key, { njchan: { subscribe: ['room'] } });
    const client = await openWebSocket(`${njchan.url}/all/room?token=${reader}`);
    client.send('not for you');
    expect((await within('the end', client.closed)).code).toBe(1008);
    const writer = makeToken(key, { njchan: { subscribe: ['room'], publish: ['room'] } });
    const other = await openWebSocket(`${njchan.url}/all/room?token=${writer}`);
    other.send('hello');
    expect(await other.text()).toBe('hello');
    const blind = makeToken(key, { njchan: { publish: ['room'] } });
    await expect(openWebSocket(`${njchan.url}/all/room?token=${blind}`)).rejects.toThrow('403');
  });

  it('takes the right to publish to the channels that it publishes to', async () => {
    const open = (channels: string[]) => {
      const token = makeToken(key, { njchan: { subscribe: ['post'], publish: channels } });
      return openWebSocket(`${njchan.url}/apart/post?token=${token}`);
    };
    const outbox = await openWebSocket(`${njchan.url}/all/outpost?token=${lasting}`);
    const stranger = await open(['post']);
    stranger.send('not for you');
    expect((await within('the end', stranger.closed)).code).toBe(1008);
    const writer = await open(['outpost']);
    writer.send('hello');
    expect(await outbox.text()).toBe('hello');
  });

  it('may listen without a token and publish with one, where only publishing takes one', async () => {
    const listener = await openWebSocket(`${njchan.url}/write/open`);
    const writer = await openWebSocket(`${njchan.url}/write/open?token=${lasting}`);
    writer.send('hello');
    expect(await listener.text()).toBe('hello');
    listener.send('me too');
    expect((await within('the end', listener.closed)).code).toBe(1008);
    await expect(openWebSocket(`${njchan.url}/write/open?token=x.y.z`)).rejects.toThrow('401');
  });
});

describe('a reload', () => {
  it('reads keys anew: new ones are good, removed ones no longer, connections stay', async () => {
    const [old, next] = [newKey('HS256'), newKey('HS256')];
    const jwks = (...keys: { kid: string; k: string }[]): string =>
      JSON.stringify({ keys: keys.map((one) => ({ kty: 'oct', alg: 'HS256', ...one })) });
    const jwk = (kid: string, { signWith }: typeof old) => ({
      kid,
      k: (signWith as Buffer).toString('base64url'),
    });
    const file = keyFile(jwks(jwk('old', old)), '.json');
    const rotating = await startNjchan({
      config: `njchan_token_key ${file};\n${location('all', 'nchan_pubsub;')}`,
    });
    const reload = async () => runCli(['reload', '--run-dir', rotating.runDir]);
    const status = async (one: typeof old, kid: string): Promise<number> => {
      const headers = { Authorization: `Bearer ${makeToken(one, ALL, { kid })}` };
      return (await request(rotating.port, 'POST', '/all/a', { headers, body: 'x' })).status;
    };
    const subscriber = await openWebSocket(`${rotating.url}/all/b`, {
      protocols: [`njchan.token.${makeToken(old, ALL, { kid: 'old' })}`],
    });
    expect([await status(old, 'old'), await status(next, 'next')]).toEqual([202, 401]);

    writeFileSync(file, jwks(jwk('old', old), jwk('next', next)));
    expect((await reload()).code).toBe(0);
    expect([await status(old, 'old'), await status(next, 'next')]).toEqual([202, 202]);

    writeFileSync(file, 'no key at all');
    const refused = await reload();
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`njchan_token_key: "${file}" is neither PEM nor JSON`);
    expect([await status(old, 'old'), await status(next, 'next')]).toEqual([202, 202]);

    writeFileSync(file, jwks(jwk('next', next)));
    expect((await reload()).code).toBe(0);
    expect([await status(old, 'old'), await status(next, 'next')]).toEqual([401, 202]);

    await request(rotating.port, 'POST', '/all/b', {
      headers: { Authorization: `Bearer ${makeToken(next, ALL)}` },
      body: 'after',
    });
    expect(await subscriber.text()).toBe('after');
  });
});
