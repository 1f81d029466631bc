/** What becomes of events; what they say is in test/conformance/events.test.ts and test/integration/events.test.ts. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import { Events } from '../../../sidecar/events/events.ts';
import type { Handoff } from '../../../sidecar/handoff.ts';
import type { Logger } from '../../../sidecar/log.ts';
import { statistics } from '../../../sidecar/statistics/statistics.ts';
import type { ChannelInfo, Store } from '../../../sidecar/store/store.ts';

/** Emits an event from each location, to a channel whose id came with the request. */
function emit(...from: readonly (readonly [location: string, id: string])[]) {
  const published: string[] = [];
  const lines: object[] = [];
  const store = {
    async publish(channel: string) {
      if (channel.endsWith('full')) throw new Error('no room');
      published.push(channel);
      return {} as ChannelInfo;
    },
  } as unknown as Store;
  const events = new Events({ warn: (about: object) => lines.push(about) } as unknown as Logger);
  for (const [location, id] of from) {
    const handoff = {
      settings: { ...DEFAULT_SETTINGS, location, eventChannel: [''] },
      channels: ['/a'],
      transport: 'http',
      eventValues: Buffer.from(id, 'latin1').toString('base64'),
    } as unknown as Handoff;
    events.of(handoff, store)?.deleted(undefined);
  }
  return { published, lines };
}

describe('events', () => {
  it('go to the channel that the request names, if its id is not too long', () => {
    const before = statistics.events.lost;
    const longest = 'x'.repeat(DEFAULT_SETTINGS.maxChannelIdLength);
    const { published, lines } = emit(['a:1', '\r\n\xff'], ['a:2', longest], ['a:3', `${longest}x`]);
    expect(published).toEqual(['meta/%0D%0A%FF', `meta/${longest}`]);
    expect(lines).toMatchObject([{ code: 'NJ-EVENT-LOST', location: 'a:3' }]);
    expect(statistics.events.lost).toBe(before + 1);
  });

  it('that are lost are told of with the location where they happened', async () => {
    const { lines } = emit(['a:1', 'x'], ['a:2', 'full'], ['a:3', 'full']);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toMatchObject([{ code: 'NJ-EVENT-LOST', location: 'a:2' }]);
  });
});
