/** How many messages a second can be published over HTTP, each with its answer. */
import { parseArgs } from 'node:util';
import { Publisher } from './http.mjs';
import { cpuMicroseconds } from './proc.mjs';
import { compare } from './servers.mjs';

const DEFAULTS = { connections: '32', seconds: '5', bytes: '100', channels: '100' };
const WARM_UP_SECONDS = 1;

async function publishFor(publishers, seconds, body, channels) {
  const end = performance.now() + seconds * 1000;
  let count = 0;
  await Promise.all(
    publishers.map(async (publisher) => {
      while (performance.now() < end) {
        await publisher.publish(`/pub/${count % channels}`, body);
        count += 1;
      }
    }),
  );
  return count;
}

/** @param {string[]} args `--connections N --seconds N --bytes N --channels N` */
export async function publish(args) {
  const options = Object.fromEntries(
    Object.entries(DEFAULTS).map(([name, value]) => [name, { type: 'string', default: value }]),
  );
  const { values } = parseArgs({ args, options });
  const body = 'x'.repeat(Number(values.bytes));
  const rates = await compare(async (server) => {
    const publishers = Array.from({ length: Number(values.connections) }, () => new Publisher(server.port));
    await publishFor(publishers, WARM_UP_SECONDS, body, Number(values.channels));
    const processes = server.processes();
    const before = Object.values(processes).map(cpuMicroseconds);
    const seconds = Number(values.seconds);
    const count = await publishFor(publishers, seconds, body, Number(values.channels));
    const costs = Object.entries(processes).map(
      ([name, pids], i) => `${((cpuMicroseconds(pids) - before[i]) / count).toFixed(1)} ${name} µs each`,
    );
    console.log(`publish ${server.name}: ${Math.round(count / seconds)} messages/s, ${costs.join(', ')}`);
    for (const publisher of publishers) publisher.close();
    return { rate: count / seconds };
  });
  if (rates.length === 2)
    console.log(`publish: njchan / Nchan = ${(rates[0].rate / rates[1].rate).toFixed(2)}`);
}
