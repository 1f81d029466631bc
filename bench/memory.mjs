/** What buffered messages and waiting subscribers cost in memory. */
import { openSubscribers, Publisher } from './http.mjs';
import { readOptions } from './options.mjs';
import { residentBytes } from './proc.mjs';
import { startNjchan } from './servers.mjs';

const DEFAULTS = { channels: '10000', messages: '10000', bytes: '100', subscribers: '4000' };
const PUBLISHERS = 16;
const WARM_UP_MESSAGES = 5000;
const QUIET_MS = 3000;
const MEBIBYTE = 1024 * 1024;

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function publishTo(port, prefix, messages, channels, body) {
  const publishers = Array.from({ length: PUBLISHERS }, () => new Publisher(port));
  let next = 0;
  await Promise.all(
    publishers.map(async (publisher) => {
      while (next < messages) await publisher.publish(`/pub/${prefix}${next++ % channels}`, body);
    }),
  );
  for (const publisher of publishers) publisher.close();
}

/** @param {string[]} args see bench/README.md */
export async function memory(args) {
  const values = readOptions(args, DEFAULTS);
  const server = await startNjchan();
  try {
    const body = 'x'.repeat(Number(values.bytes));
    const { sidecar } = server.processes();
    // Code, caches and the heap's first growth are not what is measured.
    await publishTo(server.port, 'warm', WARM_UP_MESSAGES, 1, body);
    await sleep(QUIET_MS);
    let before = residentBytes(sidecar);
    const report = async (what, count) => {
      await sleep(QUIET_MS);
      const grown = residentBytes(sidecar) - before;
      console.log(
        `memory: ${what}: ${(grown / MEBIBYTE).toFixed(1)} MiB, ${Math.round(grown / count)} bytes each`,
      );
      before += grown;
    };
    const { channels, messages, subscribers } = values;
    await publishTo(server.port, 'c', Number(messages), Number(channels), body);
    await report(`${messages} messages on ${channels} channels`, Number(messages));
    const { nginx } = server.processes();
    const nginxBefore = residentBytes(nginx);
    await openSubscribers(server.port, 'waiting', 'websocket', Number(subscribers));
    await report(`${subscribers} WebSocket subscribers`, Number(subscribers));
    const each = (residentBytes(nginx) - nginxBefore) / Number(subscribers);
    console.log(`memory: the same in nginx: ${Math.round(each)} bytes each`);
  } finally {
    await server.stop();
  }
  process.exit(); // the subscribers' sockets
}
