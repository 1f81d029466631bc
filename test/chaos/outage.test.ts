/** What clients are told while Redis is away. */
import { expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { expectLogOf, outageRow } from '../support/outage-table.ts';
import { freePort } from '../support/ports.ts';
import { request } from '../support/raw-http.ts';
import { startRedis } from '../support/redis.ts';
import { waitFor } from '../support/wait.ts';
import { openWebSocket } from '../support/websocket.ts';
import { linesOf, mistakes, startChaosNode, untilServing } from './nodes.ts';

const PUBLISHES = 20;

it('publishers wait for a while, then all get 503; who subscribes already stays', async () => {
  const redis = await startRedis({ port: await freePort(), settings: { appendonly: 'yes' } });
  const upstream = 'nchan_redis_retry_commands_max_wait 1s;';
  const node = await startChaosNode([`redis://127.0.0.1:${redis.port}`], { upstream });
  const publish = (body: string) => request(node.port, 'POST', '/pub/a', { body });
  const stream = await openEventSource(`${node.url}/sub/a`);
  const socket = await openWebSocket(`${node.url}/sub/a`);
  const poll = request(node.port, 'GET', '/longpoll/a');
  await waitFor('the subscribers', async () => {
    const { body } = await request(node.port, 'GET', '/pub/a');
    return body.toString().includes('active subscribers: 3');
  });

  await redis.signal('SIGKILL');
  await waitFor('it to be noticed', () => linesOf(node, /Redis is unavailable/).length > 0);
  const answers = Array.from({ length: PUBLISHES }, (_, i) => publish(`late${i}`));
  for (const answer of answers) expect(await answer).toMatchObject({ status: 503 });
  for (const target of ['/sub/a', '/sub/new', '/longpoll/a', '/intervalpoll/a', '/pub/a']) {
    expect(await request(node.port, 'GET', target), target).toMatchObject({ status: 503 });
  }
  await expect(openWebSocket(`${node.url}/sub/a`)).rejects.toMatchObject({ status: 503 });
  expect(await request(node.port, 'DELETE', '/pub/a')).toMatchObject({ status: 503 });
  // One line for each kind of thing that went wrong, not for each request.
  expect(linesOf(node, /a request was refused: publish /)).toHaveLength(1);
  expect(linesOf(node, /warn|error/).length).toBeLessThan(12);
  await expectLogOf(outageRow('Redis ends, or cannot be reached'), () => node.output());

  const inTime = publish('in time');
  await redis.restart();
  const { status } = await inTime;
  await untilServing(node);
  // It went through if Redis was back within the time.
  if (status !== 503) expect(status).toBe(201);
  const bodies = status === 503 ? ['after'] : ['in time', 'after'];
  await waitFor('the subscribers to be known again', async () => {
    const { body } = await request(node.port, 'GET', '/pub/a');
    return body.toString().includes('active subscribers: ');
  });
  expect(await publish('after')).toMatchObject({ status: 201 });
  for (const body of bodies) {
    expect(await stream.event()).toMatchObject({ data: body });
    expect(await socket.text()).toBe(body);
  }
  expect((await poll).body.toString()).toBe(bodies[0]);
  await expectLogOf(outageRow('it is back'), () => node.output());
  expect(mistakes(node)).toEqual([]);
}, 60_000);
