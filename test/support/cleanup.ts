/**
 * Undoes what a test file started. Everything in this folder that starts a process, opens a connection or makes a
 * directory registers here, so that a test which throws half-way leaves nothing behind.
 */
import { afterAll } from 'vitest';
import { type Undo, Undos } from './undos.ts';

const undos = new Undos();

// Registered while the test file is being collected: it runs after the file's last test, its own hooks included.
afterAll(() => undos.run());

/** Runs `undo` after the test file's last test, the latest registered first. */
export function atEnd(undo: Undo): void {
  undos.add(undo);
}
