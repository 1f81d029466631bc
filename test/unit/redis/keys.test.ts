import { describe, expect, it } from 'vitest';
import { channelHeadKey, keyNamespace, parseChannelKey } from '../../../sidecar/store/redis/keys.ts';

describe('the keys of a channel', () => {
  it.each([
    ['', 'test/a', '{channel:test/a}'],
    ['my:ns', 'test/x', 'my:ns:{channel:test/x}'],
    ['ns:', 'x', 'ns:{channel:x}'],
    ['', 'a}b{c', '{channel:a\x19b{c}'],
    ['', '{channel:a', '{channel:{channel:a}'],
  ])('in namespace "%s", %s has its head at %s', (configured, id, key) => {
    const namespace = keyNamespace(configured);
    expect(channelHeadKey(namespace, id)).toBe(key);
    expect(parseChannelKey(key)).toEqual({ namespace, id, suffix: '' });
    expect(parseChannelKey(`${key}:msg:17:0`)).toEqual({ namespace, id, suffix: 'msg:17:0' });
  });

  it.each(['', 'x', '{channel:a', 'channel:a}', '{channel:a}x', 'nchan_worker:{1:time:2:ab}'])(
    '%s is none',
    (key) => {
      expect(parseChannelKey(key)).toBeUndefined();
    },
  );
});
