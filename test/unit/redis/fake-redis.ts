/** What a channel needs, over a link to a Redis that does what a real one does not do on demand. */
import { encode } from '@msgpack/msgpack';
import type { MessageId } from '../../../sidecar/store/message.ts';
import type { RedisMessage } from '../../../sidecar/store/redis/announcement.ts';
import type { RedisLink } from '../../../sidecar/store/redis/link.ts';
import type { RemoteHost } from '../../../sidecar/store/redis/remote-host.ts';

interface Stored {
  readonly id: string;
  readonly previous: string;
  readonly data: string;
}

export interface Call {
  readonly name: string;
  readonly keys: readonly Buffer[];
  readonly args: readonly unknown[];
  reply(reply: unknown): void;
  fail(error: Error): void;
}

const parse = (id: string) => id.split(':').map(Number) as [number, number];
const later = (one: string, other: string) => {
  const [[time, tag], [otherTime, otherTag]] = [parse(one), parse(other)];
  return time > otherTime || (time === otherTime && tag > otherTag);
};

/** What Redis has of the channel, and what the channel asks it. */
export class FakeRedis {
  readonly stored: Stored[] = [];
  /** Calls that nobody answers before the test does, by script. */
  readonly held = new Set<string>();
  readonly calls: Call[] = [];
  readonly names: string[] = [];
  life = 'first';
  /** The life that was deleted. */
  deleted = '';
  available = true;
  readonly link = {
    publishCommand: 'PUBLISH',
    worker: 'nchan_worker:{1}',
    listen() {},
    unlisten() {},
    run: (script: { name: string }, keys: readonly Buffer[], args: readonly unknown[]) => {
      this.names.push(script.name);
      return new Promise((resolve, reject) => {
        const call = { name: script.name, keys, args, reply: resolve, fail: reject };
        if (this.held.has(script.name)) this.calls.push(call);
        else resolve(this.answer(call));
      });
    },
  } as unknown as RedisLink;

  constructor() {
    Object.defineProperty(this.link, 'available', { get: () => this.available });
  }

  answer({ name, args, keys = [] }: Pick<Call, 'name' | 'args'> & Partial<Call>): unknown {
    if (name === 'get_message_from_key') {
      const stored = this.stored.find(({ id }) => keys[0]?.toString() === `key of ${id}`);
      return stored ? fields(stored).slice(0, -1) : null;
    }
    if (name === 'subscriber_register') return [1, 1, 600_000];
    if (name === 'channel_keepalive') return 600_000;
    if (name === 'channel_life') return Buffer.from(args[0] === this.deleted ? '' : this.life);
    if (name !== 'get_messages') throw new Error(`no answer for ${name}`);
    const after = `${args[0]}:${args[1]}`;
    const messages = this.stored.filter(({ id }) => later(id, after));
    return [
      1,
      Buffer.from('100'),
      Buffer.alloc(0),
      messages.map(fields),
      Buffer.from(this.stored.at(-1)?.id ?? ''),
    ];
  }

  /** Stores a message and gives its announcement. */
  publish(data: string): Buffer {
    return announcementOf(this.#store(data));
  }

  /** The same for one that is announced by its key. */
  publishLarge(data: string): Buffer {
    const { id } = this.#store(data);
    return Buffer.from(encode(['msgkey', ...parse(id), `key of ${id}`]));
  }

  /** The announcement of a message that was stored. */
  announcement(place: number): Buffer {
    return announcementOf(this.stored[place] as Stored);
  }

  #store(data: string): Stored {
    const previous = this.stored.at(-1)?.id ?? '0:0';
    const id = previous === '0:0' ? '100:0' : `100:${parse(previous)[1] + 1}`;
    const stored = { id, previous, data };
    this.stored.push(stored);
    return stored;
  }
}

const fields = ({ id, previous, data }: Stored) => [
  ...[60, ...parse(id), ...parse(previous)],
  ...[data, '', '', '0'].map((text) => Buffer.from(text)),
  1,
];
const announcementOf = ({ id, previous, data }: Stored) => {
  const message = [60, ...parse(id), ...parse(previous), data, '', '', 0];
  return Buffer.from(encode(previous === '0:0' ? ['max_msgs+msg', 100, ...message] : ['msg', ...message]));
};

/**
 * What a channel needs of its store.
 * @param got takes the messages that come, and "deleted"
 */
export function hostOf(redis: FakeRedis, got: string[], faults: unknown[]): RemoteHost {
  let newest: MessageId | undefined;
  const adopt = ({ id, data }: RedisMessage) => {
    newest = id;
    got.push(data.toString());
  };
  return {
    link: redis.link,
    namespace: '',
    registration: {
      server: 'x',
      keepalive: { minMs: 600_000, jitter: 0, backoff: 0, maxMs: 0 },
      marginMs: 60_000,
      emptyTtlSeconds: 5,
    },
    idleMs: 30_000,
    mirror: () => ({
      stored: true,
      get newest() {
        return newest;
      },
      maxMessages: 100,
      takeNow: adopt,
      take: async (message) => adopt(message),
      delete: () => void got.push('deleted'),
      forget() {},
    }),
    asked() {},
    registered() {},
    lost() {},
    deleted() {},
    fault: (_, error) => faults.push(error),
    left() {},
  };
}
