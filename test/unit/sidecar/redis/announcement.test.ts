import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AnnouncementError,
  formatUnstoredMessage,
  parseAnnouncement,
} from '../../../../sidecar/store/redis/announcement.ts';

/** Bytes as MONITOR shows them (spec/redis-store.md §4). */
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

const message = {
  ttlSeconds: 3600,
  data: latin1('first'),
  contentType: '',
  eventsourceEvent: '',
  compressed: false,
};

describe('parseAnnouncement reads what Nchan sends', () => {
  it.each([
    [
      'a first message, with the buffer length',
      '\x9b\xacmax_msgs+msg\n\xcd\x0e\x10\xcek\x01G\xac\x00\x00\x00\xa5first\xa0\xa0\x00',
      {
        kind: 'message',
        noServers: false,
        maxMessages: 10,
        message: { ...message, id: { time: 1795245996, tag: 0 }, previous: { time: 0, tag: 0 } },
      },
    ],
    [
      'a later message',
      '\x9a\xa3msg\xcd\x0e\x10\xcek\x01E\x80\x01\xcek\x01E\x80\x00\xa6second\xa0\xa0\x00',
      {
        kind: 'message',
        noServers: false,
        maxMessages: undefined,
        message: {
          ...message,
          data: latin1('second'),
          id: { time: 1795245440, tag: 1 },
          previous: { time: 1795245440, tag: 0 },
        },
      },
    ],
    [
      'a message by its key',
      '\x94\xa6msgkey\xcek\x01G\xad\x00\xd9({channel:test/c14816_1}:msg:1795245997:0',
      {
        kind: 'key',
        maxMessages: undefined,
        id: { time: 1795245997, tag: 0 },
        key: latin1('{channel:test/c14816_1}:msg:1795245997:0'),
      },
    ],
    [
      'a message by its key, with the buffer length',
      '\x95\xafmax_msgs+msgkey\x03\xcek\x01G\xad\x00\xa1k',
      { kind: 'key', maxMessages: 3, id: { time: 1795245997, tag: 0 }, key: latin1('k') },
    ],
    [
      'a deletion',
      '\x93\xa5alert\xaedelete channel\xadtest/c14816_1',
      { kind: 'delete', channelId: latin1('test/c14816_1') },
    ],
    [
      'a question about subscribers',
      '\x93\xa5alert\xafsubscriber info\x02',
      { kind: 'subscriberInfo', request: 2 },
    ],
    [
      'a status without its number',
      '\x93\xa5alert\xa9unsub all\xa3a/b',
      { kind: 'status', channelId: latin1('a/b'), status: 409 },
    ],
    [
      'a message whose compression is left out, and one with more elements',
      '\x99\xa3msg\xcd\x0e\x10\xcek\x01G\xac\x00\x00\x00\xa5first\xa0\xa0',
      {
        kind: 'message',
        noServers: false,
        maxMessages: undefined,
        message: { ...message, id: { time: 1795245996, tag: 0 }, previous: { time: 0, tag: 0 } },
      },
    ],
    [
      'a lifetime of 0 as one second',
      '\x9a\xa3msg\x00\x01\x00\x00\x00\xa5first\xa0\xa0\x01',
      {
        kind: 'message',
        noServers: false,
        maxMessages: undefined,
        message: {
          ...message,
          ttlSeconds: 1,
          compressed: true,
          id: { time: 1, tag: 0 },
          previous: { time: 0, tag: 0 },
        },
      },
    ],
  ])('%s', (_, bytes, announcement) => {
    expect(parseAnnouncement(latin1(bytes))).toEqual(announcement);
  });
});

describe('parseAnnouncement refuses what nobody sends', () => {
  it.each([
    ['no msgpack', '\xc1'],
    ['half an array', '\x9a\xa3msg'],
    ['no array', '\xa3msg'],
    ['an unknown kind', '\x91\xa3foo'],
    ['an unknown alert', '\x93\xa5alert\xa3foo\xa1a'],
    ['a missing element', '\x92\xa3msg\x01'],
    ['a number where a string belongs', '\x94\xa6msgkey\x01\x00\x05'],
    ['a fraction where a number belongs', '\x94\xa6msgkey\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a\x00\xa1k'],
    ['nil', '\xc0'],
    ['nothing', ''],
  ])('%s', (_, bytes) => {
    expect(() => parseAnnouncement(latin1(bytes))).toThrow(AnnouncementError);
  });

  it('throws nothing else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          parseAnnouncement(Buffer.from(bytes));
        } catch (error) {
          expect(error).toBeInstanceOf(AnnouncementError);
        }
      }),
      { numRuns: 5000 },
    );
  });
});

describe('formatUnstoredMessage', () => {
  it('is read back, whatever its bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
    fc.assert(
      fc.property(bytes, bytes, bytes, fc.boolean(), (data, contentType, event, compressed) => {
        const draft = {
          ttlSeconds: 3600,
          data,
          contentType: contentType.toString('latin1'),
          eventsourceEvent: event.toString('latin1'),
          compressed,
        };
        expect(parseAnnouncement(formatUnstoredMessage(draft, 1795245996))).toEqual({
          kind: 'message',
          noServers: false,
          maxMessages: undefined,
          message: { ...draft, id: { time: 1795245996, tag: 0 }, previous: { time: 0, tag: 0 } },
        });
      }),
    );
  });
});
