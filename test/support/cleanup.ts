/**
 * Undoes what a test file started. Everything in this folder that starts a process, opens a connection or makes a
 * directory registers here, so that a test which throws half-way leaves nothing behind.
 */
import { afterAll } from 'vitest';

type Undo = () => void | Promise<void>;

const undos: Undo[] = [];

// Registered while the test file is being collected: it runs after the file's last test, its own hooks included.
afterAll(async () => {
  const failures: unknown[] = [];
  for (let undo = undos.pop(); undo; undo = undos.pop()) {
    try {
      await undo();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'could not clean up');
});

/** Runs `undo` after the test file's last test, the latest registered first. */
export function atEnd(undo: Undo): void {
  undos.push(undo);
}
