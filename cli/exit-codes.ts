/** How the command ends: the table that `--help`, docs/cli.md and the code share. */
export const EXIT = {
  ok: { code: 0, meaning: 'It did what was asked.' },
  refused: {
    code: 1,
    meaning:
      'The configuration was refused, starting failed, standard output cannot be written to, or redis-check or health found something wrong.',
  },
  usage: { code: 2, meaning: 'The command line was wrong.' },
  notRunning: { code: 3, meaning: 'No njchan runs on this run directory (status, reload, health).' },
  alreadyRunning: { code: 4, meaning: 'An njchan already runs on this run directory (up).' },
  nginxMissing: {
    code: 5,
    meaning:
      'nginx or its njs module is missing (Debian packages nginx and libnginx-mod-http-js), or nginx cannot be run.',
  },
  redis: {
    code: 6,
    meaning: 'Redis cannot be reached, or refuses the login or a command (trace, redis-check).',
  },
} as const satisfies Record<string, { code: number; meaning: string }>;

export type ExitName = keyof typeof EXIT;

/** What `up` does beyond the table; for --help and docs/cli.md. */
export const NGINX_EXIT_MEANING =
  "When nginx dies, up ends with nginx's exit status, or 128 plus the signal that killed it.";

/** A failure that the user is told about in its message alone, without a stack. */
export class CliError extends Error {
  readonly exit: ExitName;

  /** @param message - lines as they shall be printed; what is wrong and what to do about it */
  constructor(exit: ExitName, message: string) {
    super(message);
    this.exit = exit;
  }
}
