/** Who may publish and subscribe, as far as headers and figures decide it (spec/directives.md §§5 and 8). */
import { expressions, onlyArgument, parseNumber, row, valid } from './row.ts';
import { flag } from './values.ts';

export const ACCESS = [
  row({
    slot: 'allowOrigin',
    names: ['nchan_access_control_allow_origin'],
    contexts: 'HSLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: 'every origin',
    doc:
      'Origins whose pages may use the location, separated by blanks, as browsers write them, or `*`; may have ' +
      'variables. Requests with another `Origin` are refused; those without any are not.',
    parse: ({ args }) => expressions(args),
  }),
  row({
    slot: 'allowCredentials',
    names: ['nchan_access_control_allow_credentials'],
    contexts: 'HSLI',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`on`',
    doc: 'Send `Access-Control-Allow-Credentials: true` to pages of other origins.',
    parse: flag,
  }),
  row({
    slot: 'existingChannelsOnly',
    names: ['nchan_subscribe_existing_channels_only', 'push_authorized_channels_only'],
    contexts: 'HSL',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`off`',
    doc: 'Refuse subscribers to a channel that does not exist: nobody has published to it, or nothing of it is left.',
    parse: flag,
  }),
  row({
    slot: 'maxChannelSubscribers',
    names: ['nchan_max_channel_subscribers', 'push_max_channel_subscribers'],
    contexts: 'HSL',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '0 (no limit)',
    doc: 'Subscribers that a channel, or a list of several, may have on this server; further ones are refused.',
    parse: ({ name, args }) =>
      valid(parseNumber(onlyArgument(args).text), `"${name}" directive invalid number`),
  }),
];
