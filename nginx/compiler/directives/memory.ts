/** How much memory messages may take, and where they would be written to (spec/directives.md §§4, 13 and 15). */
import { ValueError } from '../errors.ts';
import { type Keywords, matchKeyword } from '../keywords.ts';
import { onlyArgument, row } from './row.ts';
import { fractionalBytes } from './values.ts';

/** What Nchan takes at least. */
const MIN_MEMORY_BYTES = 32 * 1024;

const ENGINES: Keywords<true> = [
  ['memory', true],
  ['redis', true],
];

const NO_EFFECT = { slot: 'obsolete', args: [1, 1], inherit: 'nearest', onDuplicate: 'last' } as const;

export const MEMORY = [
  row({
    slot: 'memoryBytes',
    names: ['nchan_shared_memory_size', 'nchan_max_reserved_memory', 'push_max_reserved_memory'],
    contexts: 'H',
    args: [1, 1],
    onDuplicate: 'error',
    inherit: 'nearest',
    default: '`128M`',
    doc:
      'Memory of the sidecar that buffered messages may take over all channels, with `k`, `m` or `g` and fractions. ' +
      'A message that would not fit is answered 507.',
    parse: (call) => Math.max(MIN_MEMORY_BYTES, fractionalBytes(call)),
    notices(call) {
      if (fractionalBytes(call) >= MIN_MEMORY_BYTES) return [];
      return ['The push_max_reserved_memory value must be at least 32KiB'];
    },
  }),
  row({
    ...NO_EFFECT,
    names: ['nchan_message_temp_path'],
    contexts: 'H',
    default: '–',
    doc: 'Has no effect: messages are kept in memory, and in no files.',
    parse: () => undefined,
    notices: ({ name }) => [`ignoring '${name}': njchan keeps messages in no files.`],
  }),
  row({
    ...NO_EFFECT,
    names: ['nchan_storage_engine'],
    contexts: 'HSL',
    default: '–',
    doc: 'Has no effect: `nchan_redis_pass` says where channels are kept.',
    parse({ name, args }) {
      const { text } = onlyArgument(args);
      if (matchKeyword(ENGINES, text) === undefined) throw new ValueError(`invalid ${name} value: ${text}`);
      return undefined;
    },
    notices: ({ name }) => [`ignoring '${name}': nchan_redis_pass says where channels are kept.`],
  }),
];
