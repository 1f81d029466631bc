/**
 * The application behind nginx that cases have Nchan and njchan ask: each server gets one of its own, under the name
 * `application`. Requests say themselves how they are to be answered, in the query or in segments `/name=value/` of the
 * path, and are recorded in a form that can be compared.
 *
 * | parameter | the answer |
 * |---|---|
 * | `status=403` | has this status; 200 if not given |
 * | `body=text` | has this body, with a Content-Length |
 * | `bytes=ff00` | has this body, in hexadecimal |
 * | `size=100000` | has a body of so many bytes |
 * | `chunked=text` | has this body in a chunk |
 * | `header=Name:value` | has this header; may be given several times |
 * | `delay=300` | comes after so many milliseconds |
 * | `never` | does not come |
 * | `drop` | is the end of the connection |
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from '../support/cleanup.ts';
import { waitFor } from '../support/wait.ts';

export interface Application {
  /** For the `http` block of the nginx that is to reach it as `http://application`. */
  readonly upstream: string;
  /**
   * Waits until it got so many requests that have a text in them, and forgets those.
   * @returns all requests with this text, in the order in which they came
   */
  take(text: string, count: number, deadlineMs: number): Promise<string[]>;
}

/** Headers that nginx writes for the hop to the application. */
const HOP_HEADERS: ReadonlySet<string> = new Set(['host', 'connection']);

/** Starts an application. Stopped after the test file. */
export async function startApplication(): Promise<Application> {
  let requests: string[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      requests.push(recorded(request, Buffer.concat(parts)));
      answer(parametersOf(request.url as string), response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    upstream: `upstream application { server 127.0.0.1:${port} max_fails=0; }`,
    async take(text, count, deadlineMs) {
      const found = () => requests.filter((request) => request.includes(text));
      await waitFor(
        `${count} requests to the application`,
        async () => found().length >= count,
        deadlineMs,
      ).catch((error: Error) => {
        throw new Error(`${error.message}; it got ${JSON.stringify(found())}`);
      });
      const taken = found();
      requests = requests.filter((request) => !taken.includes(request));
      return taken;
    },
  };
}

/** A request with its headers in alphabetical order. */
function recorded(request: IncomingMessage, body: Buffer): string {
  const headers: string[] = [];
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = (request.rawHeaders[i] as string).toLowerCase();
    if (!HOP_HEADERS.has(name)) headers.push(`${name}: ${request.rawHeaders[i + 1]}`);
  }
  return [`${request.method} ${request.url}`, ...headers.sort(), '', body.toString('latin1')].join('\n');
}

function parametersOf(target: string): URLSearchParams {
  const [path = '', query = ''] = target.split('?');
  const parameters = new URLSearchParams(query);
  for (const segment of path.split('/')) {
    const [name = '', ...value] = segment.split('=');
    if (value.length > 0) parameters.append(name, decodeURIComponent(value.join('=')));
  }
  return parameters;
}

function answer(parameters: URLSearchParams, response: ServerResponse): void {
  if (parameters.has('never')) return;
  if (parameters.has('drop')) {
    response.destroy();
    return;
  }
  const delay = Number(parameters.get('delay') ?? 0);
  if (delay > 0) setTimeout(() => write(parameters, response), delay);
  else write(parameters, response);
}

function write(parameters: URLSearchParams, response: ServerResponse): void {
  response.sendDate = false;
  const headers = parameters.getAll('header').flatMap((header) => {
    const at = header.indexOf(':');
    return [header.slice(0, at), header.slice(at + 1)];
  });
  const size = parameters.get('size');
  const bytes = parameters.get('bytes');
  const text = size === null ? (parameters.get('body') ?? '') : '0123456789'.repeat(Number(size) / 10);
  const body = bytes === null ? Buffer.from(text) : Buffer.from(bytes, 'hex');
  const chunk = parameters.get('chunked');
  const length = ['Content-Length', String(body.length)];
  response.writeHead(Number(parameters.get('status') ?? 200), [
    ...headers,
    ...(chunk === null && body.length > 0 ? length : []),
  ]);
  if (chunk === null) response.end(body);
  else {
    response.write(chunk);
    response.end();
  }
}
