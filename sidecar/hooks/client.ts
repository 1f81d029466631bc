/** Sends hooks to nginx, over connections that are kept, and reads the answers. */
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as sendPlain,
} from 'node:http';
import { request as sendTls, Agent as TlsAgent } from 'node:https';
import { isIP } from 'node:net';
import { ANSWER_FAILED_HEADER, ANSWER_STATUS_HEADER, ANSWER_TYPE_HEADER } from '../../handoff/hooks.ts';
import { PEER_IS_GONE } from '../peer-is-gone.ts';
import { type HookRequest, headOf } from './request.ts';
import type { ShareLimits } from './shares.ts';
import { Slots } from './slots.ts';

/** What came back. */
export interface HookAnswer {
  readonly status: number;
  /** The Content-Type, '' if there was none. */
  readonly contentType: string;
  readonly body: Buffer;
  /** nginx had to make the answer itself, because its backend gave none. */
  readonly failed: boolean;
}

/** nginx could not be reached, did not take the request, or was silent for too long. */
export class HookError extends Error {}

/** nginx looked at the request and would not have it, as it never will. */
export class HookRefused extends HookError {}

/** How long an answer may take. Longer than nginx waits for a backend unless it is told otherwise (60 s). */
export const ANSWER_DEADLINE_MS = 75_000;

/** Connections that are kept for the next hook. */
const KEPT_CONNECTIONS = 64;
/** For so long; nginx keeps them for 75 s. */
const KEPT_MS = 60_000;

/** Hooks of one kind and location share what they may use. */
export function targetOf({ kind, context }: HookRequest): string {
  return `${kind} ${context.location} ${context.socket}`;
}

export class HookClient {
  readonly #slots: Slots;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: KEPT_CONNECTIONS, timeout: KEPT_MS });
  /** It is our own nginx, on a socket that nobody else can listen on. */
  readonly #tlsAgent = new TlsAgent({
    keepAlive: true,
    maxFreeSockets: KEPT_CONNECTIONS,
    timeout: KEPT_MS,
    rejectUnauthorized: false,
  });

  /** @param limits of what is under way at a time */
  constructor(limits: ShareLimits) {
    this.#slots = new Slots(limits);
  }

  /**
   * Sends one, when there is room for it.
   * @param maxBytes of the answer's body
   * @param cancelled so that it no longer waits. One that is under way stays so: nginx would not notice, and keep its
   *   two connections without being counted.
   * @throws HookError
   */
  async send(hook: HookRequest, maxBytes: number, cancelled?: AbortSignal): Promise<HookAnswer> {
    const target = targetOf(hook);
    await this.#room(target, cancelled);
    try {
      return await this.#attempt(hook, maxBytes, true);
    } catch (error) {
      // nginx closed a kept connection at this moment, and has not looked at the request.
      if (!(error instanceof StaleConnection)) throw error;
      // With a reload it closes all of them.
      return await this.#attempt(hook, maxBytes, false);
    } finally {
      this.#slots.release(target);
    }
  }

  /** Drops the kept connections. */
  close(): void {
    this.#agent.destroy();
    this.#tlsAgent.destroy();
  }

  /** Resolves when there is room, which then is to be released. */
  #room(target: string, cancelled: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = (): void => {
        cancelled?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = (): void => {
        this.#slots.leave(target, start);
        reject(new HookError('cancelled'));
      };
      cancelled?.addEventListener('abort', leave);
      this.#slots.take(target, start);
    });
  }

  /** @param kept whether it may be sent over a connection that was kept */
  #attempt(hook: HookRequest, maxBytes: number, kept: boolean): Promise<HookAnswer> {
    return new Promise((resolve, reject) => {
      const request = this.#open(hook, kept);
      let answered = false;
      const deadline = setTimeout(
        () => request.destroy(new Error(`no answer within ${ANSWER_DEADLINE_MS / 1000} s`)),
        ANSWER_DEADLINE_MS,
      );
      request.on('close', () => clearTimeout(deadline));
      request.on('error', (error: NodeJS.ErrnoException) => {
        const isStale = request.reusedSocket && !answered && PEER_IS_GONE.has(error.code);
        reject(
          isStale ? new StaleConnection('nginx closed a kept connection') : new HookError(error.message),
        );
      });
      request.on('response', (response) => {
        answered = true;
        readAnswer(response, maxBytes).then(resolve, (error: Error) => {
          request.destroy();
          reject(error);
        });
      });
      request.end(hook.message);
    });
  }

  #open(hook: HookRequest, kept: boolean): ClientRequest {
    const { context } = hook;
    const { method, path, headers } = headOf(hook);
    const host = (context.headers[1] as string).replace(/:\d*$/, '');
    const options: RequestOptions = { socketPath: context.socket, method, path, headers, setHost: false };
    if (!context.tls) return sendPlain({ ...options, agent: kept && this.#agent });
    const servername = host === '' || isIP(host.replace(/^\[|\]$/g, '')) ? '' : host;
    return sendTls({ ...options, agent: kept && this.#tlsAgent, servername, rejectUnauthorized: false });
  }
}

class StaleConnection extends HookError {}

/** @throws HookError when nginx did not ask, or when there is too much of the answer */
async function readAnswer(response: IncomingMessage, maxBytes: number): Promise<HookAnswer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of response as AsyncIterable<Buffer>) {
      bytes += part.length;
      if (bytes > maxBytes) throw new HookError(`the answer has more than ${maxBytes} bytes`);
      parts.push(part);
    }
  } catch (error) {
    throw error instanceof HookError ? error : new HookError((error as Error).message);
  }
  const { headers } = response;
  const status = Number(headers[ANSWER_STATUS_HEADER.toLowerCase()]);
  if (!(status > 0)) throw new HookRefused(`nginx refused the repeated request: ${response.statusCode}`);
  return {
    status,
    contentType: (headers[ANSWER_TYPE_HEADER.toLowerCase()] as string | undefined) ?? '',
    body: Buffer.concat(parts),
    failed: headers[ANSWER_FAILED_HEADER.toLowerCase()] !== undefined,
  };
}
