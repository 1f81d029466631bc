/** Nchan's hidden load generator (spec/directives.md §14): its directives are read and have no effect. */
import { type Keywords, matchKeyword } from '../keywords.ts';
import { onlyArgument, parseNumber, row, valid } from './row.ts';
import { seconds } from './values.ts';

const DISTRIBUTIONS: Keywords<true> = [
  ['random', true],
  ['optimal', true],
  ['best', true],
];

const IGNORED = {
  slot: 'obsolete',
  contexts: 'L',
  args: [1, 1],
  onDuplicate: 'last',
  inherit: 'nearest',
  default: '–',
  doc: 'Has no effect: njchan generates no load from within nginx.',
  notices: ({ name }: { readonly name: string }): readonly string[] => [
    `ignoring '${name}': njchan generates no load from within nginx.`,
  ],
} as const;

const number = (name: string) =>
  row({
    ...IGNORED,
    names: [name],
    parse({ args }) {
      valid(parseNumber(onlyArgument(args).text), `"${name}" directive invalid number`);
      return undefined;
    },
  });

const distribution = (name: string) =>
  row({
    ...IGNORED,
    names: [name],
    parse({ args }) {
      const word = matchKeyword(DISTRIBUTIONS, onlyArgument(args).text);
      valid(word, `"${name}" directive invalid value, must be "random" or "optimal"`);
      return undefined;
    },
  });

export const BENCHMARK = [
  row({ ...IGNORED, names: ['nchan_benchmark'], args: [0, 0], parse: () => undefined }),
  row({
    ...IGNORED,
    names: ['nchan_benchmark_time'],
    parse(call) {
      seconds(call);
      return undefined;
    },
  }),
  number('nchan_benchmark_messages_per_channel_per_minute'),
  number('nchan_benchmark_message_padding_bytes'),
  number('nchan_benchmark_channels'),
  number('nchan_benchmark_subscribers_per_channel'),
  distribution('nchan_benchmark_subscriber_distribution'),
  distribution('nchan_benchmark_publisher_distribution'),
];
