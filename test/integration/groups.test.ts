/** Groups of channels through a whole njchan; the protocol itself is in test/conformance/cases/groups.ts. */
import { writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { type Njchan, nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { type RequestOptions, request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';

const ON = 'nchan_channel_group_accounting on;';
const CHANNEL = 'nchan_channel_group $arg_group; nchan_channel_id $arg_id;';
const TELL = 'add_header X-Gateway "[$njchan_action]" always;';
const LIMITS =
  'nchan_group_max_channels $arg_channels; nchan_group_max_subscribers $arg_subscribers; nchan_group_max_messages $arg_messages;';
const group = (accounting: string): string =>
  `location = /group { nchan_group_location; nchan_channel_group $arg_group; ${accounting} ${LIMITS} }`;
const config = (accounting: string): string => `
  ${group(accounting)}
  location = /pubsub { nchan_pubsub; ${CHANNEL} ${accounting} ${LIMITS} }
  location = /silent { nchan_pubsub; ${CHANNEL} }
  location = /direct { nchan_publisher; nchan_channel_group fast; nchan_channel_id $arg_id; ${ON} ${TELL} }
  location = /direct-sub { nchan_subscriber; nchan_channel_group heard; nchan_channel_id $arg_id; ${ON} ${TELL} }
  location = /limited { nchan_publisher; nchan_channel_group once; nchan_channel_id $arg_id; ${ON} ${TELL} nchan_group_max_messages 1; }
  location = /ask { return 403; }
  location = /asked {
    nchan_publisher; ${CHANNEL} ${ON} nchan_group_max_messages $arg_messages; nchan_authorize_request /ask;
  }
  location = /guarded { nchan_group_location; nchan_channel_group $arg_group; ${ON} nchan_authorize_request /ask; }
  location = /lists { nchan_pubsub; ${CHANNEL} ${ON} nchan_channel_id_split_delimiter ","; }
`;

let njchan: Njchan;
beforeAll(async () => {
  njchan = await startNjchan({ config: config(ON) });
});

const send = (method: string, target: string, options?: RequestOptions) =>
  request(njchan.port, method, target, options);
const post = (target: string, body = 'x') => send('POST', target, { body });

interface Figures {
  readonly channels: number;
  readonly subscribers: number;
  readonly messages: number;
  readonly messages_memory: number;
  readonly limits: Omit<Figures, 'limits'>;
}
async function figures(name: string, method = 'GET'): Promise<Figures> {
  const { body } = await send(method, `/group?group=${name}`, { headers: { Accept: 'text/json' } });
  return JSON.parse(body.toString()) as Figures;
}

describe('counting', () => {
  it('follows a channel from its first message until it is forgotten', async () => {
    await post('/pubsub?group=life&id=a', 'hello');
    const stream = await openEventSource(`${njchan.url}/pubsub?group=life&id=a`);
    expect(await figures('life')).toMatchObject({
      channels: 1,
      subscribers: 1,
      messages: 1,
      messages_memory: 389,
    });
    stream.close();
    await waitFor('the subscriber to leave', async () => (await figures('life')).subscribers === 0);
    await send('DELETE', '/pubsub?group=life&id=a');
    expect(await figures('life')).toMatchObject({ messages: 0, messages_memory: 0 });
    await waitFor('the channel to be forgotten', async () => (await figures('life')).channels === 0);
  });

  it('counts trimmed and expired messages no more', async () => {
    for (let i = 0; i < 15; i++) await post('/pubsub?group=trim&id=a');
    expect((await figures('trim')).messages).toBe(10);
  });
});

describe('limits', () => {
  it('hold for messages that pass by the gateway', async () => {
    await post('/group?group=fast&messages=1', '');
    const first = await post('/direct?id=a');
    expect([first.status, first.headers['x-gateway']]).toEqual([202, '[]']);
    const second = await post('/direct?id=a');
    expect([second.status, second.body.toString()]).toEqual([
      403,
      'Group limit reached for number of messages.',
    ]);
  });

  it('hold for subscribers that pass by the gateway', async () => {
    await post('/group?group=heard&subscribers=1&channels=1', '');
    const stream = await openEventSource(`${njchan.url}/direct-sub?id=a`);
    const headers = { Accept: 'text/event-stream' };
    const second = await send('GET', '/direct-sub?id=a', { headers });
    expect([second.status, second.headers['x-gateway']]).toEqual([403, '[]']);
    await post('/group?group=heard&subscribers=0', '');
    expect((await send('GET', '/direct-sub?id=b', { headers })).status).toBe(403);
    expect(await figures('heard')).toMatchObject({ channels: 1, subscribers: 1 });
    stream.close();
  });

  it('that stand at a location take its messages through the gateway, where they are set first', async () => {
    const first = await post('/limited?id=a');
    expect([first.status, first.headers['x-gateway']]).toEqual([202, '[publish]']);
    expect((await post('/limited?id=a')).status).toBe(403);
  });

  it('are exact, however many messages come at once', async () => {
    await post('/group?group=rush&messages=20', '');
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, i) => post(`/pubsub?group=rush&id=${i % 7}`)),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
    expect((await figures('rush')).messages).toBe(20);
  });

  it('are not set by requests that are not let in', async () => {
    expect((await post('/asked?group=closed&id=a&messages=5')).status).toBe(403);
    expect((await figures('closed')).limits.messages).toBe(0);
  });

  it('keep a WebSocket open whose messages are refused', async () => {
    await post('/group?group=ws&messages=1', '');
    const socket = await openWebSocket(`ws://127.0.0.1:${njchan.port}/pubsub?group=ws&id=a`);
    for (const text of ['one', 'two', 'three']) socket.send(text);
    expect((await socket.message()).data.toString()).toBe('one');
    await waitFor('the messages', async () => (await figures('ws')).messages === 1);
    await post('/group?group=ws&messages=0', '');
    socket.send('four');
    expect((await socket.message()).data.toString()).toBe('four');
    socket.close();
  });

  it('leave nothing half published', async () => {
    await post('/group?group=half&channels=2', '');
    expect((await post('/lists?group=half&id=a,b,c')).status).toBe(403);
    expect(await figures('half')).toMatchObject({ channels: 0, messages: 0 });
    expect((await post('/lists?group=half&id=a,b')).status).toBe(202);
  });

  it.each(['x', '1,2', '5%0a', '%00'])('%j is none', async (value) => {
    const answer = await post(`/pubsub?group=bad&id=a&messages=${value}`);
    expect([answer.status, answer.body.toString()]).toEqual([403, 'invalid nchan_group_max_messages value']);
  });
});

describe('a group location', () => {
  it('asks the application whom to let in', async () => {
    await post('/pubsub?group=guard&id=a');
    expect((await send('DELETE', '/guarded?group=guard')).status).toBe(403);
    expect((await figures('guard')).messages).toBe(1);
  });

  it('deletes thousands of channels while others are served', async () => {
    const CHANNELS = 3000;
    for (let i = 0; i < CHANNELS; i += 200) {
      const ids = Array.from({ length: 200 }, (_, j) => i + j).join(',');
      await post(`/lists?group=many&id=${ids}`);
    }
    const before = figures('many', 'DELETE');
    const others = await Promise.all(Array.from({ length: 20 }, () => post('/pubsub?group=other&id=a')));
    expect(others.every(({ status }) => status === 202)).toBe(true);
    expect(await before).toMatchObject({ channels: CHANNELS, messages: CHANNELS });
    expect(await figures('many')).toMatchObject({ messages: 0, messages_memory: 0 });
  });
});

describe('a reload', () => {
  it('keeps limits, and shows what there was before when it turns accounting on', async () => {
    const off = await startNjchan({ config: config('') });
    const at = (method: string, target: string) => request(off.port, method, target, { body: '' });
    await at('POST', '/silent?group=g&id=a');
    expect((await at('GET', '/group?group=g')).status).toBe(403);
    const reload = async (accounting: string) => {
      writeFileSync(off.configFile, nginxConf(off.port, config(accounting)));
      expect((await runCli(['reload', '--run-dir', off.runDir])).code).toBe(0);
    };
    await reload(ON);
    expect((await at('GET', '/group?group=g')).body.toString()).toMatch(
      /^channels: 1\r\nsubscribers: 0\r\nmessages: 1\r/,
    );
    await at('POST', '/group?group=g&messages=1');
    await reload(`${ON} `);
    expect((await at('POST', '/silent?group=g&id=a')).status).toBe(202);
    expect((await at('POST', '/pubsub?group=g&id=a')).status).toBe(403);
  });
});
