import { describe, expect, it } from 'vitest';
import { Progress } from '../../../cli/progress.ts';

/** A stream that keeps what is written to it. */
function stream(isTTY: boolean): NodeJS.WriteStream & { written: string } {
  const sink = {
    isTTY,
    written: '',
    write(text: string) {
      sink.written += text;
      return true;
    },
  };
  return sink as unknown as NodeJS.WriteStream & { written: string };
}

describe('the line that says how far a command is', () => {
  it('is shown on a terminal, in place of the one before, and removed', () => {
    const terminal = stream(true);
    const progress = new Progress(terminal);
    progress.show('1 of 9');
    expect(terminal.written).toBe('\r\x1b[2K1 of 9');
    progress.clear();
    progress.clear();
    expect(terminal.written).toBe('\r\x1b[2K1 of 9\r\x1b[2K');
  });

  it('is not shown elsewhere', () => {
    const file = stream(false);
    const progress = new Progress(file);
    progress.show('1 of 9');
    progress.clear();
    expect(file.written).toBe('');
  });
});
