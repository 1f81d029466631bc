/** Directives that Nchan accepts and has no use for any more (spec/directives.md §15). */
import { onlyArgument, row } from './row.ts';

const OBSOLETE = {
  slot: 'obsolete',
  args: [1, 1],
  onDuplicate: 'last',
  inherit: 'nearest',
  default: '–',
  doc: 'Obsolete: has no effect.',
  parse: () => undefined,
} as const;

const ignored = ({ name }: { readonly name: string }): readonly string[] => [
  `ignoring obsolete nchan config directive '${name}'.`,
];

export const OBSOLETES = [
  row({
    ...OBSOLETE,
    names: ['nchan_redis_wait_after_connecting'],
    contexts: 'HSL',
    notices: ignored,
  }),
  row({
    ...OBSOLETE,
    names: ['nchan_redis_optimize_target'],
    contexts: 'U',
    notices: ignored,
  }),
  row({
    ...OBSOLETE,
    names: ['push_min_message_buffer_length'],
    contexts: 'SLI',
    notices: ignored,
  }),
  row({
    ...OBSOLETE,
    names: ['push_subscriber_concurrency'],
    contexts: 'SLI',
    doc: 'Obsolete: `broadcast` is what there is, other words have no effect.',
    notices({ name, args }) {
      const { text } = onlyArgument(args);
      if (text === '' || text.toLowerCase() === 'broadcast') return [];
      return [
        `ignoring obsolete nchan config directive '${name} ${text};'. Only 'broadcast' is currently supported.`,
      ];
    },
  }),
];
