/** The configuration file when it is somebody else's to write: waiting for it, and noticing that it was replaced. */
import { statSync } from 'node:fs';

/** How often the file is looked at. Polled, since it may be on a volume that gives no notice of changes. */
const POLL_INTERVAL_MS = 500;

/** What tells one version of the file from the next; undefined while there is none. */
function versionOf(file: string): string | undefined {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.mtimeNs} ${found.size}`;
}

export class FollowedFile {
  readonly #file: string;
  #seen: string | undefined;

  constructor(file: string) {
    this.#file = file;
  }

  /** Resolves when the file is there. It must be read after that, lest a change is missed. */
  appears(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setInterval(look, POLL_INTERVAL_MS, this);
      function look(followed: FollowedFile): void {
        followed.#seen = versionOf(followed.#file);
        if (followed.#seen === undefined) return;
        clearInterval(timer);
        resolve();
      }
      look(this);
    });
  }

  /** Calls `then` for every version of the file after the one that was there when `appears` resolved. */
  onReplaced(then: () => void): void {
    setInterval(() => {
      const version = versionOf(this.#file);
      if (version === undefined || version === this.#seen) return;
      this.#seen = version;
      then();
    }, POLL_INTERVAL_MS).unref();
  }
}
