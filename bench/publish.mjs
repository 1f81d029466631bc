/** How many messages a second can be published over HTTP, each with its answer. */
import { Publisher } from './http.mjs';
import { numbers, readOptions } from './options.mjs';
import { cpuMicroseconds } from './proc.mjs';
import { compare, sidesAgainst } from './servers.mjs';

const DEFAULTS = {
  connections: '32',
  seconds: '5',
  bytes: '100',
  channels: '100',
  rounds: '3',
  against: '',
};
/** The sidecar's code is slow until it is compiled. */
const WARM_UP_SECONDS = 3;
export const RATE = 'messages/s';

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

/**
 * Rate and processor time of publishing.
 * @param {import('./servers.mjs').Server} server
 * @param {{ connections: number, seconds: number, bytes: number, channels: number }} options
 */
export async function measurePublishing(server, { connections, seconds, bytes, channels }) {
  const body = 'x'.repeat(bytes);
  const publishers = Array.from({ length: connections }, () => new Publisher(server.port));
  await publishFor(publishers, WARM_UP_SECONDS, body, channels);
  const processes = server.processes();
  const before = Object.values(processes).map(cpuMicroseconds);
  const count = await publishFor(publishers, seconds, body, channels);
  const figures = { [RATE]: count / seconds };
  Object.entries(processes).forEach(([name, pids], i) => {
    figures[`${name} µs/message`] = (cpuMicroseconds(pids) - before[i]) / count;
  });
  for (const publisher of publishers) publisher.close();
  return figures;
}

/** @param {string[]} args see bench/README.md */
export async function publish(args) {
  const { against, ...counts } = readOptions(args, DEFAULTS);
  const { rounds, ...options } = numbers(counts);
  const measure = (server) => measurePublishing(server, options);
  await compare('publish', rounds, RATE, measure, sidesAgainst(against));
}
