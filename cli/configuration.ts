/** From the user's file to a tested configuration; shared by check, up and reload. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { ListenAddress, Problem } from '../nginx/compiler/index.ts';
import { CompileError, type CompileOptions, type CompileResult, compile } from '../nginx/compiler/index.ts';
import { execToFile } from './exec.ts';
import { CliError } from './exit-codes.ts';
import type { NginxBinary } from './nginx-binary.ts';
import { PACKAGE_FILES } from './package-files.ts';
import { type RunDir, writeAtomically } from './run-dir.ts';

/** Only nginx's master reads the keys of tokens, and it runs as we do. */
const TOKEN_KEYS_MODE = 0o600;

/** `nginx.conf:10: what is wrong`. */
export function formatProblem({ file, line, message }: Problem): string {
  return `${file}:${line}: ${message}`;
}

/** Compiles; what the compiler refuses becomes a CliError `refused` whose lines are `file:line: message`. */
export function compileFile(options: Omit<CompileOptions, 'njsBundle'>): CompileResult {
  try {
    return compile({ ...options, njsBundle: PACKAGE_FILES.njsBundle });
  } catch (error) {
    if (error instanceof CompileError) throw new CliError('refused', error.message);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code) throw new CliError('refused', `njchan: cannot read the configuration: ${message}`);
    throw error;
  }
}

/**
 * Compiles for a run directory, to be run by `njchan up`, and writes the keys of tokens there if there are any.
 * @param generation tells the files of keys of several configurations apart
 */
export function compileForRunDir(
  file: string,
  nginx: NginxBinary,
  dir: RunDir,
  generation: number,
): CompileResult {
  const tokenKeysFile = dir.tokenKeys(generation);
  const compiled = compileFile({
    file,
    tokenKeysFile,
    sidecar: { socket: dir.sidecarSocket },
    ...(nginx.jsModule ? { jsModule: nginx.jsModule } : {}),
    supervised: { pidFile: dir.nginxPid, tempDir: dir.temp, waitingSocket: dir.waitingSocket },
  });
  writeTokenKeys(tokenKeysFile, compiled);
  return compiled;
}

/** Writes the keys of tokens of a configuration, if it has any. */
export function writeTokenKeys(file: string, { tokenKeys }: CompileResult): void {
  if (tokenKeys !== undefined) writeAtomically(file, tokenKeys, TOKEN_KEYS_MODE);
}

/** What `nginx -t` says about nothing in particular. */
const TEST_RESULT =
  /(: configuration file .* test (failed|is successful)|: the configuration file .* syntax is ok)$/;

/** nginx's words, each complaint about the compiled file followed by the line that it is about. */
function explain(output: string, compiledFile: string): string[] {
  const source = readFileSync(compiledFile, 'utf8').split('\n');
  const lines = output.split('\n').filter((line) => line !== '' && !TEST_RESULT.test(line));
  return lines.flatMap((line) => {
    const [, file, number] = / in (.+):(\d+)$/.exec(line) ?? [];
    const quoted = file === compiledFile ? source[Number(number) - 1] : undefined;
    return quoted === undefined ? [line] : [line, `    the line is: ${quoted.trim()}`];
  });
}

/**
 * Lets nginx test a compiled file.
 * @returns nginx's warnings
 * @throws CliError `refused` with what nginx said
 */
export async function testCompiled(nginx: NginxBinary, compiledFile: string): Promise<string[]> {
  const args = ['-t', '-c', compiledFile, ...nginx.baseArguments];
  const { status, output } = await execToFile(nginx.path, args, `${compiledFile}.test`);
  const lines = explain(output, compiledFile);
  if (status === 0) return lines;
  throw new CliError('refused', ['njchan: nginx refuses the compiled configuration:', ...lines].join('\n'));
}

/** `*` and the like as an address to bind to. */
function bindHost(host: string): string {
  return host === '*' || host === '' ? '0.0.0.0' : host.replace(/^\[|\]$/g, '');
}

/** The code of the error that listening gives, or undefined when it works. */
function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    server.listen({ host: bindHost(host), port, ipv6Only: true, exclusive: true }, () =>
      server.close(() => resolve(undefined)),
    );
  });
}

/** `127.0.0.1:8080`; equal for directives that mean the same address. */
export function addressOf({ host, port }: ListenAddress): string {
  const bare = bindHost(host);
  return bare.includes(':') ? `[${bare}]:${port}` : `${bare}:${port}`;
}

/**
 * Checks that the addresses can be listened on, with a message that names the directive, which nginx's own does not.
 * Other failures than "in use" (no right to a port below 1024, an address of another machine) are left for nginx.
 * @throws CliError `refused` that names every address in use
 */
export async function checkPortsFree(listens: readonly ListenAddress[]): Promise<void> {
  const distinct = new Map(listens.map((listen) => [addressOf(listen), listen]));
  const problems: string[] = [];
  for (const { host, port, file, line } of distinct.values()) {
    if ((await listenError(host, port)) === 'EADDRINUSE') {
      problems.push(formatProblem({ file, line, message: `port ${port} is already in use` }));
    }
  }
  if (problems.length > 0) throw new CliError('refused', problems.join('\n'));
}
