// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are nginx's variables
/** Strings that are put together from the configuration, from nginx and from what happened. */
import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import { fillIn, valueCount } from '../../../sidecar/strings/template.ts';
import { areStringValues, stringValues } from '../../../sidecar/strings/values.ts';
import { descriptionOf } from '../../../sidecar/subscriber-info/description.ts';

const base64 = (...values: readonly string[]): string =>
  values.map((value) => Buffer.from(value, 'latin1').toString('base64')).join();

describe('a template', () => {
  it.each([
    [[], [], ''],
    [['=a', '=b'], [], 'ab'],
    [['$nchan_channel_event', '= ', '', '$nchan_channel_id'], ['value'], 'event valueid'],
    [['', '= ', '', ''], ['1', '2'], '1 2'],
    [['$nchan_message_id', '=.'], [], '.'],
    // What comes from a client is never read again.
    [['', '$nchan_channel_id'], ['$nchan_channel_event=x'], '$nchan_channel_event=xid'],
    [['='], [], ''],
  ])('%j with %j is %j', (template, values, text) => {
    const variables = { nchan_channel_event: 'event', nchan_channel_id: 'id' };
    expect(fillIn(template, values, variables)).toBe(text);
  });

  it('has text beyond ASCII as bytes', () => {
    const bytes = Buffer.from(fillIn(['=é', ''], ['\xff'], {}), 'latin1');
    expect(bytes.equals(Buffer.concat([Buffer.from('é'), Buffer.of(0xff)]))).toBe(true);
  });

  it('counts its values', () => {
    expect(valueCount(['', '=', '$x', ''])).toBe(2);
  });
});

describe('values', () => {
  it.each([[['a']], [['', 'b', '']], [['\r\n\0,=&\xff']], [['']]])('%j arrive as they were', (values) => {
    const list = base64(...values);
    expect(areStringValues(list)).toBe(true);
    expect(stringValues(list)).toEqual(values);
  });

  it.each(['a===', 'Y Q', 'YQ==x', 'YQ==,\n', '=,-'])('%j is no list', (list) => {
    expect(areStringValues(list)).toBe(false);
  });
});

describe('a subscriber', () => {
  const handoff = {
    settings: {
      ...DEFAULT_SETTINGS,
      subscriberInfoString: ['$nchan_subscriber_type', '', '$nchan_channel_id2'],
    },
    infoValues: base64(' \xe9 '),
    transport: 'eventsource',
    channels: ['g/a', 'g/b%FF'],
    messageId: undefined,
  };
  const describing = (more: object = {}) =>
    descriptionOf({ ...handoff, ...more } as unknown as Parameters<typeof descriptionOf>[0]);

  it('is told of in the words of its location', () => {
    expect(describing()?.text().toString('latin1')).toBe('eventsource \xe9 b\xff');
  });

  it('need not be watched, unless its message ids are told', () => {
    expect(describing()?.observer).toBeUndefined();
    const settings = {
      ...DEFAULT_SETTINGS,
      subscriberInfoString: ['$nchan_message_id', '=|', '$nchan_prev_message_id'],
    };
    const description = describing({ settings });
    expect(description?.text().toString()).toBe('|0:0');
    const delivery = (tag: number) =>
      ({ id: { time: 5, tags: String(tag) } }) as unknown as Parameters<
        NonNullable<NonNullable<typeof description>['observer']>['delivered'] & object
      >[0];
    description?.observer?.delivered?.(delivery(1), undefined);
    expect(description?.text().toString()).toBe('5:1|0:0');
    description?.observer?.delivered?.(delivery(3), delivery(2));
    expect(description?.text().toString()).toBe('5:3|5:2');
  });

  it('is not told of where nobody could ask', () => {
    expect(describing({ settings: DEFAULT_SETTINGS })).toBeUndefined();
  });
});
