import { describe, expect, it } from 'vitest';
import { channelKeys } from '../../../../sidecar/store/redis/channel-keys.ts';

describe('channelKeys', () => {
  it.each([
    ['', 'test/a', '{channel:test/a}', 'test/a'],
    ['my:ns:', 'test/a', 'my:ns:{channel:test/a}', 'test/a'],
    ['', 'test/a%7Db%7Bc', '{channel:test/a\x19b{c}', 'test/a\x19b{c'],
    ['', '/%00%0A%FF%25', '{channel:/\x00\n\xff%}', '/\x00\n\xff%'],
    ['', 'g/', '{channel:g/}', 'g/'],
  ])('in namespace "%s", %s is %j', (namespace, name, head, id) => {
    const keys = channelKeys(namespace, name);
    expect(keys.head.toString('latin1')).toBe(head);
    expect(keys.pubsub.toString('latin1')).toBe(`${head}:pubsub`);
    expect(keys.id.toString('latin1')).toBe(id);
  });
});
