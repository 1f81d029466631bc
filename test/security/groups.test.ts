/** What clients can do to groups of channels that they may only use, or only look at. */
import { expect, it } from 'vitest';
import { Groups } from '../../sidecar/store/groups.ts';
import { startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { threat } from './threats.ts';

it('who may only look at a group neither limits nor deletes it', async () => {
  threat('forbidden-group');
  const group = 'nchan_channel_group g; nchan_channel_group_accounting on;';
  const njchan = await startNjchan({
    config: `
        location = /pub { nchan_publisher; nchan_channel_id a; ${group} }
        location = /look { nchan_group_location get; ${group} nchan_group_max_messages $arg_messages; }`,
  });
  await request(njchan.port, 'POST', '/pub', { body: 'x' });
  const send = async (method: string, headers = {}) =>
    (await request(njchan.port, method, '/look?messages=1', { body: '', headers })).status;
  expect(await send('DELETE')).toBe(403);
  expect(await send('POST')).toBe(403);
  expect(await send('POST', { 'X-HTTP-Method-Override': 'GET' })).toBe(403);
  expect(await send('PUT')).toBe(405);
  const { body } = await request(njchan.port, 'GET', '/look');
  expect(body.toString()).toMatch(
    /^channels: 1\r\nsubscribers: 0\r\nmessages: 1\r\n[\s\S]*max messages: 0\r\n/,
  );
});

it('groups that clients name without end are forgotten, those of an administrator are not', () => {
  threat('group-names');
  const groups = new Groups();
  groups.limit('tenant', { channels: 5 }, true);
  for (let i = 0; i < 30_000; i++) groups.limit(`g${i}`, { channels: 5 }, false);
  expect(groups.size).toBe(10_001);
  expect(groups.figures('tenant').limits.channels).toBe(5);
});
