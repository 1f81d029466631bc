/** The message id that a request resumes from (spec/message-ids.md §3). */
import { type GatewayCase, refused, settings } from './cases.ts';

const since = { 'If-Modified-Since': 'Sat, 21 Nov 2026 07:33:57 GMT' };

const COMPOUND = settings([], ['longpoll'], { compoundEtag: true });
const THREE = { njchan_1_channel_id: 'a', njchan_1_channel_id_2: 'b', njchan_1_channel_id_3: 'c' };

export const MESSAGE_ID_CASES: readonly GatewayCase[] = [
  { name: 'no id', expected: { message_id: '' } },
  {
    name: 'date and tag',
    headers: { ...since, 'If-None-Match': '"4"' },
    expected: { message_id: '1795246437:4' },
  },
  { name: 'date without tag is refused', headers: since, expected: refused('message_id_invalid') },
  {
    name: 'an unreadable date means the first message',
    headers: { 'If-Modified-Since': 'yesterday', 'If-None-Match': '4' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'a whole id in If-None-Match',
    headers: { 'If-None-Match': '5:3' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'If-None-Match without a colon means the first message, not last_event_id',
    headers: { 'If-None-Match': '3' },
    variables: { arg_last_event_id: '5:3' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'Last-Event-ID before last_event_id',
    variables: { http_last_event_id: '5:3', arg_last_event_id: '6:1' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'last_event_id is decoded',
    variables: { http_last_event_id: '', arg_last_event_id: '6%3A1' },
    expected: { message_id: '6:1' },
  },
  {
    name: 'an alternative without a colon is passed over',
    variables: { http_last_event_id: 'abc', arg_last_event_id: '6:1' },
    expected: { message_id: '6:1' },
  },
  {
    name: 'an alternative of more than 128 characters is passed over',
    variables: { http_last_event_id: `6:${'1'.repeat(127)}` },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'a bad alternative is refused',
    variables: { http_last_event_id: 'bad:xx' },
    expected: refused('message_id_invalid'),
  },
  {
    name: 'a bad id is refused even when publishing, before the method is looked at',
    method: 'PATCH',
    headers: { 'If-None-Match': 'x:1' },
    expected: refused('message_id_invalid'),
  },
  {
    name: 'more tags than channels are refused',
    headers: { 'If-None-Match': '5:[0],1' },
    expected: { ...refused('message_id_tag_count'), transport: 'longpoll' },
  },
  // Sources that the location names
  {
    name: 'sources of the location stand for the usual ones',
    variables: { njchan_1_last_message_id: '', arg_last_event_id: '6:1', http_last_event_id: '7:1' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'the first source that looks like an id counts',
    variables: {
      njchan_1_last_message_id: '',
      njchan_1_last_message_id_2: 'nocolon',
      njchan_1_last_message_id_3: `6:${'1'.repeat(127)}`,
      njchan_1_last_message_id_4: '8%3A1',
      njchan_1_last_message_id_5: '9:1',
    },
    expected: { message_id: '8:1' },
  },
  {
    name: 'a source that looks like an id and is none is refused',
    variables: { njchan_1_last_message_id: 'bad:xx', njchan_1_last_message_id_2: '9:1' },
    expected: refused('message_id_invalid'),
  },
  {
    name: 'conditional headers come before the sources of the location',
    headers: { 'If-None-Match': '5:3' },
    variables: { njchan_1_last_message_id: '9:1' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'by hand: a source',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'a', njchan_last_message_id: '9:1', arg_last_event_id: '6:1' },
    expected: { message_id: '9:1' },
  },
  {
    name: 'by hand: an empty source is none',
    without: ['njchan_location', 'njchan_settings'],
    variables: { njchan_channel_id: 'a', njchan_last_message_id: '', arg_last_event_id: '6:1' },
    expected: { message_id: '6:1' },
  },
  // A header named Etag, as NchanSubscriber.js sends an id that it kept
  { name: 'an id in Etag', headers: { Etag: '5:3' }, expected: { message_id: '5:3' } },
  { name: 'a quoted id in Etag', headers: { Etag: '"5:3"' }, expected: { message_id: '5:3' } },
  {
    name: 'If-None-Match before Etag',
    headers: { 'If-None-Match': '5:3', Etag: '6:1' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'If-None-Match before Etag, even where it means the first message',
    headers: { 'If-None-Match': '3', Etag: '6:1' },
    expected: { action: 'subscribe', message_id: '' },
  },
  {
    name: 'Etag before last_event_id',
    headers: { Etag: '5:3' },
    variables: { arg_last_event_id: '6:1' },
    expected: { message_id: '5:3' },
  },
  {
    name: 'an Etag that is no id is passed over',
    headers: { Etag: 'bad:xx' },
    variables: { arg_last_event_id: '6:1' },
    expected: { action: 'subscribe', message_id: '6:1' },
  },
  // Whole ids in Etag
  {
    name: 'compound: the whole id is in If-None-Match, and the date does not matter',
    headers: { ...since, 'If-None-Match': '5:3' },
    variables: COMPOUND,
    expected: { message_id: '5:3' },
  },
  {
    name: 'compound: a date alone is passed over',
    headers: since,
    variables: { ...COMPOUND, arg_last_event_id: '6:1' },
    expected: { message_id: '6:1' },
  },
  {
    name: 'compound: If-None-Match without a colon means the first message',
    headers: { ...since, 'If-None-Match': '"3"' },
    variables: COMPOUND,
    expected: { action: 'subscribe', message_id: '' },
  },
  ...['"5:3"', 'W/"5:3"', '"5:3', '5:3"'].map(
    (tag): GatewayCase => ({
      name: `compound: ${tag} is 5:3`,
      headers: { 'If-None-Match': tag },
      variables: COMPOUND,
      expected: { message_id: '5:3' },
    }),
  ),
  ...['x"5:3"', 'W/5:3', ' "5:3"', '"":3', 'w/"5:3"'].map(
    (tag): GatewayCase => ({
      name: `compound: ${tag} is none`,
      headers: { 'If-None-Match': tag },
      variables: COMPOUND,
      expected: refused('message_id_invalid'),
    }),
  ),
  // Several channels
  {
    name: 'as many tags as channels',
    headers: { 'If-None-Match': '5:0,[1],-' },
    variables: THREE,
    expected: { message_id: '5:0,[1],-' },
  },
  {
    name: 'date and tags of several channels',
    headers: { ...since, 'If-None-Match': '0,[1],-' },
    variables: THREE,
    expected: { message_id: '1795246437:0,[1],-' },
  },
  {
    name: 'fewer tags',
    headers: { 'If-None-Match': '5:0' },
    variables: THREE,
    expected: { message_id: '5:0' },
  },
  {
    name: 'more tags',
    headers: { 'If-None-Match': '5:[0],0,0,0' },
    variables: THREE,
    expected: { ...refused('message_id_tag_count'), message_id: '5:[0],0,0,0' },
  },
  {
    name: 'several tags of which none is active',
    headers: { 'If-None-Match': '5:0,0,0' },
    variables: THREE,
    expected: refused('message_id_invalid'),
  },
  ...['0:0', '0:[0],0,0', '0:[-],-,-'].map(
    (tag): GatewayCase => ({
      name: `several channels have no ${tag}`,
      headers: { 'If-None-Match': tag },
      variables: THREE,
      expected: refused('message_id_tag_count'),
    }),
  ),
  { name: 'one channel has 0:0', headers: { 'If-None-Match': '0:0' }, expected: { message_id: '0:0' } },
  {
    name: 'the count does not matter to a publisher',
    method: 'POST',
    headers: { 'If-None-Match': '5:[0],0,0,0' },
    variables: THREE,
    expected: { action: 'publish', message_id: '' },
  },
];
