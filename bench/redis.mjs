/** Publishing and delivery where channels are in Redis. */
import { RATE as DELIVERIES, measureFanout } from './fanout.mjs';
import { numbers, readOptions } from './options.mjs';
import { measurePublishing, RATE as PUBLISHES } from './publish.mjs';
import { compare, startNchan, startNjchan, startWithRedis } from './servers.mjs';

const DEFAULTS = {
  connections: '32',
  seconds: '4',
  bytes: '100',
  channels: '1000',
  subscribers: '4000',
  messages: '200',
  rounds: '5',
};

const njchan = () => startWithRedis(startNjchan);
const nchan = () => startWithRedis(startNchan);

/** Publishing: beside Nchan. Delivery: beside njchan's own memory store, and Nchan. */
const PUBLISHING = { njchan, Nchan: nchan };
const DELIVERY = { 'njchan, Redis': njchan, 'njchan, memory': () => startNjchan(), 'Nchan, Redis': nchan };

/** @param {string[]} args see bench/README.md */
export async function redis(args) {
  const { rounds, ...options } = numbers(readOptions(args, DEFAULTS));
  for (const [title, channels] of Object.entries({
    [`publish, ${options.channels} channels`]: options.channels,
    'publish, one channel': 1,
  })) {
    await compare(
      title,
      rounds,
      PUBLISHES,
      (server) => measurePublishing(server, { ...options, channels }),
      PUBLISHING,
    );
  }
  if (options.subscribers === 0) return;
  const title = `${options.subscribers} websockets`;
  await compare(title, rounds, DELIVERIES, (server) => measureFanout(server, 'websocket', options), DELIVERY);
}
