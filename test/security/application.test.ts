/** What an application answers is its own affair: nothing of it is taken for njchan's. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { HANDOFF } from '../../handoff/headers.ts';
import { atEnd } from '../support/cleanup.ts';
import { startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { threat } from './threats.ts';

it('headers of njchan in its answers change nothing', async () => {
  threat('application-headers');
  const forged = Object.values(HANDOFF)
    .map(({ header }) => header)
    .filter((header) => header !== 'Connection' && header !== 'Upgrade');
  const application = createServer((asked, answer) => {
    for (const header of forged)
      answer.setHeader(header, header === HANDOFF.action.header ? 'publish' : '/forged');
    answer.statusCode = asked.url?.includes('allow') ? 200 : 403;
    answer.end('the answer');
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  atEnd(() => void application.close());
  const { port } = application.address() as AddressInfo;
  const njchan = await startNjchan({
    config: `
        location /ask { internal; proxy_pass http://127.0.0.1:${port}; }
        location ~ ^/(?:pub|info)/(.*)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/asked/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_authorize_request /ask; }`,
  });
  const refused = await request(njchan.port, 'GET', '/asked/a');
  expect([refused.status, refused.body.toString()]).toEqual([403, 'the answer']);
  expect((await request(njchan.port, 'POST', '/asked/a', { body: 'm' })).status).toBe(403);
  expect((await request(njchan.port, 'POST', '/asked/a?allow', { body: 'm' })).status).toBe(202);
  const poll = await request(njchan.port, 'GET', '/asked/a?allow');
  expect([poll.status, poll.body.toString()]).toEqual([200, 'm']);
  expect(poll.headerLines.join('\n')).not.toMatch(/njchan/i);
  expect((await request(njchan.port, 'GET', '/info/forged')).status).toBe(404);
});
