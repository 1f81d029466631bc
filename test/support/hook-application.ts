/** An application that hooks ask: keeps what it was asked and answers as the test says. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { atEnd } from './cleanup.ts';
import { waitFor } from './wait.ts';

export interface Asked {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export interface HookApplication {
  /** `http://127.0.0.1:PORT`, for `proxy_pass`. */
  readonly url: string;
  readonly port: number;
  /** Everything that it was asked so far. */
  readonly asked: readonly Asked[];
  /** The requests whose URL has a text in it. */
  about(text: string): readonly Asked[];
  /** Waits for so many of them. */
  until(text: string, count: number): Promise<readonly Asked[]>;
  /** Answers from now on; undefined answers 200. */
  answer: ((asked: Asked, response: ServerResponse) => void) | undefined;
}

/** Starts one. Stopped after the test file. */
export async function startHookApplication(): Promise<HookApplication> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, url, headers, body: Buffer.concat(parts) };
      asked.push(one);
      if (application.answer) application.answer(one, response);
      else response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const application: HookApplication = {
    url: `http://127.0.0.1:${port}`,
    port,
    asked,
    answer: undefined,
    about: (text) => asked.filter(({ url }) => url.includes(text)),
    async until(text, count) {
      const known = () => application.about(text);
      await waitFor(`${count} requests with ${text}`, () => known().length >= count).catch((error: Error) => {
        throw new Error(`${error.message}; there were ${asked.map(({ url }) => url).join(' ')}`);
      });
      return known();
    },
  };
  return application;
}
