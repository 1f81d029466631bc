/** How many messages a second reach many subscribers of one channel, and what a delivery costs. */
import { parseArgs } from 'node:util';
import { openSubscribers, Publisher, SUBSCRIBE } from './http.mjs';
import { cpuMicroseconds } from './proc.mjs';
import { compare } from './servers.mjs';

const DEFAULTS = {
  subscribers: '4000',
  messages: '200',
  bytes: '100',
  transports: 'websocket,eventsource,chunked',
};
/** Publishers that each wait for their answer before the next message. */
const PUBLISHERS = 4;
const WARM_UP_MESSAGES = 20;
const QUIET_MS = 500;
const POLL_MS = 2;
const DEADLINE_MS = 120_000;
const END = 'END';

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

async function measure(server, transport, options) {
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
  await publishers[0].publish(target, END.repeat(options.bytes / END.length));
  await everyoneHas(subscribers, reference);
  const seconds = (performance.now() - start) / 1000;

  const deliveries = options.subscribers * options.messages;
  const figures = { 'deliveries/s': deliveries / seconds };
  Object.entries(processes).forEach(([name, pids], i) => {
    figures[`${name} µs/delivery`] = (cpuMicroseconds(pids) - before[i]) / deliveries;
  });
  for (const { socket } of subscribers) socket.destroy();
  for (const publisher of publishers) publisher.close();
  await sleep(QUIET_MS);
  return figures;
}

/** @param {string[]} args `--subscribers N --messages N --bytes N --transports a,b` */
export async function fanout(args) {
  const options = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: value }]),
  );
  const { values } = parseArgs({ args, options });
  const transports = values.transports.split(',');
  const unknown = transports.find((transport) => !Object.hasOwn(SUBSCRIBE, transport));
  if (unknown)
    throw new Error(`unknown transport ${unknown}; there are ${Object.keys(SUBSCRIBE).join(', ')}`);
  const numbers = {
    subscribers: Number(values.subscribers),
    messages: Number(values.messages),
    bytes: Number(values.bytes),
  };
  for (const transport of transports) {
    const rates = await compare(async (server) => {
      const figures = await measure(server, transport, numbers);
      const text = Object.entries(figures).map(
        ([name, value]) => `${value < 100 ? value.toFixed(2) : Math.round(value)} ${name}`,
      );
      console.log(`${transport} ${server.name}: ${text.join(', ')}`);
      return figures;
    });
    if (rates.length === 2) {
      const [mine, theirs] = rates.map((figures) => figures['deliveries/s']);
      console.log(`${transport}: njchan / Nchan = ${(mine / theirs).toFixed(2)}`);
    }
  }
}
