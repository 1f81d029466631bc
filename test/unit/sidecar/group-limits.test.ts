import { describe, expect, it } from 'vitest';
import type { GroupLimitChanges } from '../../../handoff/group.ts';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import {
  checkPublication,
  GroupLimitError,
  setGroupLimits,
  subscriptionRefusal,
} from '../../../sidecar/group/limits.ts';
import type { Handoff } from '../../../sidecar/handoff.ts';
import { Groups } from '../../../sidecar/store/groups.ts';
import { Arrivals } from '../../../sidecar/store/redis/arrivals.ts';
import type { Store } from '../../../sidecar/store/store.ts';

/** Each message takes 384 bytes beside its data. */
const DRAFT = { data: Buffer.alloc(16), contentType: '', eventsourceEvent: '' };

/** A store whose group `g` has the channel `g/a` with a message of 400 bytes and a subscriber. */
function storeWith(limits: GroupLimitChanges): Store {
  const groups = new Groups();
  const group = groups.ofNewChannel('g/a');
  group.channelCame();
  group.messageKept(400);
  group.subscriberCame();
  groups.limit('g', limits, true);
  const store: Partial<Store> = {
    groups,
    newChannels: (names) => names.filter((name) => name !== 'g/a').length,
  };
  return store as Store;
}

const handoff = (channels: readonly string[], more: Partial<Handoff> = {}): Handoff =>
  ({
    action: 'publish',
    transport: 'http',
    channels,
    settings: { ...DEFAULT_SETTINGS, groupAccounting: true },
    ...more,
  }) as Handoff;

function publishing(limits: GroupLimitChanges, channels: readonly string[], more?: Partial<Handoff>): string {
  try {
    checkPublication(storeWith(limits), handoff(channels, more), DRAFT);
    return 'taken';
  } catch (error) {
    if (!(error instanceof GroupLimitError)) throw error;
    return error.refusal;
  }
}

describe('a message', () => {
  it.each([
    [{ messages: 1 }, ['g/a'], 'group_messages_reached'],
    [{ messages: 2 }, ['g/a'], 'taken'],
    [{ messages: 2 }, ['g/a', 'g/b'], 'group_messages_reached'],
    [{ messagesMemory: 799 }, ['g/a'], 'group_memory_reached'],
    [{ messagesMemory: 800 }, ['g/a'], 'taken'],
    [{ messagesMemory: 1199 }, ['g/a', 'g/b'], 'group_memory_reached'],
    [{ messagesMemory: 1200 }, ['g/a', 'g/b'], 'taken'],
    [{ channels: 1 }, ['g/a'], 'taken'],
    [{ channels: 1 }, ['g/b'], 'group_channels_reached'],
    [{ channels: 2 }, ['g/b'], 'taken'],
    [{ channels: 2 }, ['g/a', 'g/b', 'g/c'], 'group_channels_reached'],
    [{ messages: 1, messagesMemory: 1, channels: 1 }, ['g/b'], 'group_messages_reached'],
    [{ messagesMemory: 1, channels: 1 }, ['g/b'], 'group_memory_reached'],
    [{ subscribers: 1, messagesDisk: 1 }, ['g/a'], 'taken'],
    [{ messages: 1 }, ['h/a'], 'taken'],
  ] as const)('%j, to %j: %s', (limits, channels, verdict) => {
    expect(publishing(limits, channels)).toBe(verdict);
  });

  it('is taken whatever the limits where there is no accounting', () => {
    expect(publishing({ messages: 1 }, ['g/a'], { settings: DEFAULT_SETTINGS })).toBe('taken');
  });
});

describe('a subscriber', () => {
  const verdict = (limits: GroupLimitChanges, channels: readonly string[], more: Partial<Handoff> = {}) =>
    subscriptionRefusal(
      storeWith(limits),
      handoff(channels, { action: 'subscribe', transport: 'longpoll', ...more }),
    );

  it.each([
    [{ subscribers: 1 }, ['g/a'], 'group_takes_no_subscriber'],
    [{ subscribers: 2 }, ['g/a'], undefined],
    [{ subscribers: 1 }, ['h/a'], undefined],
    [{ channels: 1 }, ['g/a'], undefined],
    [{ channels: 1 }, ['g/b'], 'group_takes_no_channel'],
    [{ channels: 2 }, ['g/b', 'g/c'], 'group_takes_no_channel'],
    [{ messages: 1, messagesMemory: 1 }, ['g/a'], undefined],
  ] as const)('%j, to %j: %s', (limits, channels, refusal) => {
    expect(verdict(limits, channels)).toBe(refusal);
  });

  it('that only polls at intervals needs no channel', () => {
    expect(verdict({ channels: 1 }, ['g/b'], { transport: 'intervalpoll' })).toBeUndefined();
    expect(verdict({ subscribers: 1 }, ['g/a'], { transport: 'intervalpoll' })).toBe(
      'group_takes_no_subscriber',
    );
  });

  it('counts while it waits for its channel, once however many', () => {
    const store = storeWith({ subscribers: 2 });
    const arrived = new Arrivals(store.groups).add(['g/b', 'g/c']);
    expect(subscriptionRefusal(store, handoff(['g/a']))).toBe('group_takes_no_subscriber');
    arrived();
    arrived();
    expect(store.groups.find('g')?.arriving).toBe(0);
    expect(subscriptionRefusal(store, handoff(['g/a']))).toBeUndefined();
  });
});

describe('limits that requests bring', () => {
  const messagesAfter = (more: Partial<Handoff>) => {
    const store = storeWith({ messages: 5 });
    setGroupLimits(store, handoff(['g/a'], { groupLimits: { messages: 7 }, ...more }));
    return store.groups.figures('g').limits.messages;
  };

  it.each(['publish', 'info', 'delete', 'subscribe'] as const)('%s sets them', (action) => {
    expect(messagesAfter({ action })).toBe(7);
  });

  it.each(['refuse', 'options', 'group_info', 'group_delete'] as const)('%s does not', (action) => {
    expect(messagesAfter({ action })).toBe(5);
  });

  it('are not set without accounting', () => {
    expect(messagesAfter({ settings: DEFAULT_SETTINGS })).toBe(5);
  });
});
