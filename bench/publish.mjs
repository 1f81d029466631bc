/** How many messages a second can be published over HTTP, each with its answer. */
import { Publisher } from './http.mjs';
import { readOptions } from './options.mjs';
import { cpuMicroseconds } from './proc.mjs';
import { compare } from './servers.mjs';

const DEFAULTS = { connections: '32', seconds: '5', bytes: '100', channels: '100', rounds: '3' };
const WARM_UP_SECONDS = 1;
const RATE = 'messages/s';

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

/** @param {string[]} args see bench/README.md */
export async function publish(args) {
  const values = readOptions(args, DEFAULTS);
  const body = 'x'.repeat(Number(values.bytes));
  const channels = Number(values.channels);
  const seconds = Number(values.seconds);
  await compare('publish', Number(values.rounds), RATE, async (server) => {
    const publishers = Array.from({ length: Number(values.connections) }, () => new Publisher(server.port));
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
  });
}
