/** The text and the JSON of `njchan redis-check`. */
import { escapeBytes } from '../trace/byte-text.ts';
import type { Counts, Finding } from './finding.ts';

/** How many findings there were. */
export interface Totals {
  readonly problems: number;
  readonly notices: number;
}

/** Gives the output in pieces, so that many findings need no memory. */
export interface Report {
  /** Before the first finding. */
  begin(): string;
  finding(finding: Finding): string;
  /** After the last. */
  end(counts: Counts, totals: Totals): string;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** For people: a paragraph a finding, and a summary. */
export const textReport: Report = {
  begin: () => '',
  finding: ({ key, channel, problems, advice }) => {
    const lines = problems.map((problem) => `  ${escapeBytes(problem)}`);
    return `${[`channel ${escapeBytes(channel)}, key ${escapeBytes(key)}`, ...lines, `  what to do: ${advice}`].join('\n')}\n`;
  },
  end: ({ keys, channels }, { problems, notices }) => {
    const looked = `${plural(channels, 'channel')}, ${plural(keys, 'key')}`;
    const found = problems === 0 ? 'no problems' : `problems with ${problems} of the keys`;
    return `${looked}: ${found}${notices === 0 ? '' : `, ${plural(notices, 'harmless notice')}`}\n`;
  },
};

/** UTF-8 as text; other bytes as `\x9a`. */
function jsonText(bytes: string): string {
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? escapeBytes(bytes) : text;
}

/** For programs: one document, a finding a line. */
export class JsonReport implements Report {
  #separator = '';

  begin(): string {
    return '{"findings":[';
  }

  finding({ kind, key, namespace, channel, problems, advice }: Finding): string {
    const text = JSON.stringify({
      kind,
      key: jsonText(key),
      namespace: jsonText(namespace),
      channel: jsonText(channel),
      problems: problems.map(jsonText),
      advice,
    });
    const line = `${this.#separator}\n${text}`;
    this.#separator = ',';
    return line;
  }

  end({ keys, channels }: Counts): string {
    return `\n],"channels":${channels},"keys":${keys}}\n`;
  }
}
