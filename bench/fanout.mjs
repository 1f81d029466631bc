/** How many messages a second reach many subscribers of one channel, and what a delivery costs. */
import { openSubscribers, Publisher, SUBSCRIBE } from './http.mjs';
import { numbers, readOptions } from './options.mjs';
import { cpuMicroseconds } from './proc.mjs';
import { compare, sidesAgainst } from './servers.mjs';

const DEFAULTS = {
  subscribers: '4000',
  messages: '200',
  bytes: '100',
  rounds: '3',
  transports: 'websocket,eventsource,chunked',
  against: '',
};
/** Publishers that each wait for their answer before the next message. */
const PUBLISHERS = 4;
const WARM_UP_MESSAGES = 20;
const QUIET_MS = 500;
const POLL_MS = 2;
const DEADLINE_MS = 120_000;
const END = 'END';
export const RATE = 'deliveries/s';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function publishAll(publishers, target, bodies) {
  let next = 0;
  await Promise.all(
    publishers.map(async (publisher) => {
      while (next < bodies.length) await publisher.publish(target, bodies[next++]);
    }),
  );
}

/** Resolves when all subscribers got as many bytes as the first, once that got the last message. */
async function everyoneHas(subscribers, reference) {
  const end = Date.now() + DEADLINE_MS;
  while (!reference.text.includes(END) || subscribers.some(({ bytes }) => bytes < reference.text.length)) {
    if (Date.now() > end) throw new Error('the messages did not all arrive');
    await sleep(POLL_MS);
  }
}

/** Rate and processor time of messages to subscribers of one transport. */
export async function measureFanout(server, transport, options) {
  const target = `/${transport === 'deflate' ? 'deflating' : 'pub'}/${transport}`;
  const subscribers = await openSubscribers(server.port, transport, transport, options.subscribers);
  const publishers = Array.from({ length: PUBLISHERS }, () => new Publisher(server.port));
  const body = 'x'.repeat(options.bytes);
  await publishAll(publishers, target, Array(WARM_UP_MESSAGES).fill(body));
  await sleep(QUIET_MS);

  for (const subscriber of subscribers) subscriber.bytes = 0;
  const reference = { text: '' };
  subscribers[0].socket.on('data', (data) => {
    reference.text += data.toString('latin1');
  });
  const processes = server.processes();
  const before = Object.entries(processes).map(([, pids]) => cpuMicroseconds(pids));
  const start = performance.now();
  await publishAll(publishers, target, Array(options.messages - 1).fill(body));
  // Not deflated, so that it can be recognised.
  await publishers[0].publish(`/pub/${transport}`, END.padStart(options.bytes, 'x'));
  await everyoneHas(subscribers, reference);
  const seconds = (performance.now() - start) / 1000;

  const deliveries = options.subscribers * options.messages;
  const figures = { [RATE]: deliveries / seconds };
  Object.entries(processes).forEach(([name, pids], i) => {
    figures[`${name} µs/delivery`] = (cpuMicroseconds(pids) - before[i]) / deliveries;
  });
  for (const { socket } of subscribers) socket.destroy();
  for (const publisher of publishers) publisher.close();
  await sleep(QUIET_MS);
  return figures;
}

/** @param {string[]} args see bench/README.md */
export async function fanout(args) {
  const { transports: list, rounds, against, ...counts } = readOptions(args, DEFAULTS);
  const transports = list.split(',');
  const unknown = transports.find((transport) => !Object.hasOwn(SUBSCRIBE, transport));
  if (unknown)
    throw new Error(`unknown transport ${unknown}; there are ${Object.keys(SUBSCRIBE).join(', ')}`);
  const options = numbers(counts);
  for (const transport of transports) {
    const measure = (server) => measureFanout(server, transport, options);
    await compare(transport, Number(rounds), RATE, measure, sidesAgainst(against));
  }
}
