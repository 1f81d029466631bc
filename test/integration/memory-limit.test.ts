/** nchan_shared_memory_size: how much buffered messages may take. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nginxConf, runCli, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';

const SERVER = 'location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }';
const MESSAGE = 'x'.repeat(100_000);

it('refuses what does not fit, and takes it again once there is more room', async () => {
  const config = (port: number, size: string) => nginxConf(port, SERVER, `nchan_shared_memory_size ${size};`);
  const njchan = await startNjchan({ config: (port) => config(port, '1m') });
  const publish = async (channel: number) =>
    (await request(njchan.port, 'POST', `/pub/${channel}`, { body: MESSAGE })).status;

  const statuses: number[] = [];
  for (let channel = 0; channel < 12; channel++) statuses.push(await publish(channel));
  expect(statuses).toEqual([...Array(10).fill(202), 507, 507]);

  writeFileSync(njchan.configFile, config(njchan.port, '0.01G'));
  expect((await runCli(['reload', '--run-dir', njchan.runDir])).code).toBe(0);
  expect(await publish(11)).toBe(202);
});
