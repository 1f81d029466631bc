/** The figures of a group, byte for byte as Nchan words them (spec/hooks.md §7). */
import type { InfoFormat } from '../publisher/channel-info.ts';
import type { GroupFigures } from '../store/groups.ts';

const LINE = '\r\n';
type Entry = readonly [name: string, value: number];

/** Messages in files, of which there are none. */
const MESSAGES_DISK = 0;

/** What all formats but plain text call things. */
function entriesOf(figures: Omit<GroupFigures, 'limits'>, messagesDisk: number): Entry[] {
  return [
    ['channels', figures.channels],
    ['subscribers', figures.subscribers],
    ['messages', figures.messages],
    ['messages_memory', figures.messagesMemory],
    ['messages_disk', messagesDisk],
  ];
}

const WRITERS: Record<InfoFormat, (figures: GroupFigures) => string> = {
  plain: ({ channels, subscribers, messages, messagesMemory, limits }) =>
    [
      `channels: ${channels}`,
      `subscribers: ${subscribers}`,
      `messages: ${messages}`,
      `shared memory used by messages: ${messagesMemory} bytes`,
      `disk space used by messages: ${MESSAGES_DISK} bytes`,
      'limits:',
      `  max channels: ${limits.channels}`,
      `  max subscribers: ${limits.subscribers}`,
      `  max messages: ${limits.messages}`,
      `  max messages shared memory: ${limits.messagesMemory}`,
      `  max messages disk space: ${limits.messagesDisk}`,
      '',
    ].join(LINE),
  json: (figures) => {
    const write = ([name, value]: Entry) => `"${name}": ${value}`;
    const own = entriesOf(figures, MESSAGES_DISK).map((entry) => `  ${write(entry)},`);
    const limits = entriesOf(figures.limits, figures.limits.messagesDisk).map(write);
    return ['{', ...own, '  "limits": {', `    ${limits.join(`,${LINE}    `)}`, '  }', '}'].join(LINE);
  },
  xml: (figures) => {
    const write = ([name, value]: Entry) => `<${name}>${value}</${name}>`;
    return [
      '<?xml version="1.0" encoding="UTF-8" ?>',
      '<group>',
      ...entriesOf(figures, MESSAGES_DISK).map((entry) => `  ${write(entry)}`),
      '  <limits>',
      ...entriesOf(figures.limits, figures.limits.messagesDisk).map((entry) => `    ${write(entry)}`),
      '  </limits>',
      '</group>',
    ].join(LINE);
  },
  yaml: (figures) => {
    const write = ([name, value]: Entry) => `${name}: ${value}`;
    return [
      '---',
      ...entriesOf(figures, MESSAGES_DISK).map(write),
      'limits:',
      ...entriesOf(figures.limits, figures.limits.messagesDisk).map((entry) => `  ${write(entry)}`),
      '',
      '',
    ].join(LINE);
  },
};

/** Words a group's figures. */
export function formatGroup(figures: GroupFigures, format: InfoFormat): string {
  return WRITERS[format](figures);
}
