/** Requests through a real nginx with the gateway in real njs: always an answer that fits, and never another's data. */
import fc from 'fast-check';
import { beforeAll, it } from 'vitest';
import { type Njchan, startNjchan } from '../support/njchan.ts';
import { RawConnection } from '../support/raw-http.ts';
import { openWebSocket, type WebSocketClient } from '../support/websocket.ts';
import {
  acceptText,
  dateText,
  extensionsText,
  headerOf,
  headerValue,
  idText,
  present,
  teText,
  throughNginx,
} from './fuzzing.ts';

const LOCATIONS = `
        location = /quiet { nchan_pubsub; nchan_channel_id bystander; nchan_channel_group quiet; }
        location ~ ^/fuzz/(.*)$ {
            nchan_pubsub;
            nchan_channel_id $1;
            nchan_channel_group fuzz;
            nchan_message_timeout 5s;
            nchan_deflate_message_for_websocket on;
        }
`;

let njchan: Njchan;
let bystander: WebSocketClient;
beforeAll(async () => {
  njchan = await startNjchan({ config: LOCATIONS });
  bystander = await openWebSocket(`${njchan.url}/quiet`);
});

const headers = fc.record(
  {
    Connection: headerOf('Upgrade', 'close'),
    Upgrade: headerOf('websocket'),
    Accept: headerOf('text/event-stream', acceptText),
    TE: headerOf('chunked', teText),
    Origin: headerOf('http://o.com'),
    'If-Modified-Since': headerOf(dateText),
    'If-None-Match': headerOf(idText),
    'Sec-WebSocket-Key': headerOf('dGhlIHNhbXBsZSBub25jZQ=='),
    'Sec-WebSocket-Version': headerOf('13'),
    'Sec-WebSocket-Extensions': headerOf(extensionsText),
    'Njchan-Channels': headerOf('quiet/bystander'),
    'Njchan-Action': headerOf('publish', 'delete'),
    'X-Noise': headerValue,
  },
  { noNullPrototype: true },
);
/** No way up to another location: that would be the bystander's, rightly. */
const target = fc.oneof(
  fc.constantFrom('a', 'a,b', '%00', '%0d%0aX:%20y', '%c3%a9', '%zz', '?last_event_id=1:[0],1', '/'),
  fc.webPath().filter((path) => !/\.\.|%2e/i.test(path)),
);
const body = fc.uint8Array({ maxLength: 200 });

/** Requests under way at the same time. */
const AT_ONCE = 20;
/** How long an answer may take; those that wait for a message get none. */
const PATIENCE_MS = 50;

interface Case {
  readonly method: string;
  readonly path: string;
  readonly given: Readonly<Record<string, string | undefined>>;
  readonly bytes: Uint8Array;
}

const oneCase: fc.Arbitrary<Case> = fc.record(
  {
    method: fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'FOO'),
    path: target,
    given: headers,
    bytes: body,
  },
  { noNullPrototype: true },
);

/** One request; its answer as far as it came. */
async function answerTo({ method, path, given, bytes }: Case): Promise<string> {
  const connection = await RawConnection.open(njchan.port);
  const lines = Object.entries(present(given)).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = `Content-Length: ${bytes.length}\r\n`;
  connection.send(`${method} /fuzz/${path} HTTP/1.1\r\nHost: x\r\n${length}${lines.join('')}\r\n`);
  connection.send(bytes);
  const head = await connection.readHead(PATIENCE_MS).catch(() => '');
  connection.end();
  await connection.readToEnd();
  return head.toString('latin1');
}

it('any request gets an answer of its own, and the bystander nothing of it', async () => {
  let number = 0;
  const statuses = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(oneCase, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (requests) => {
      for (const answer of await Promise.all(requests.map(answerTo))) {
        if (answer !== '' && !/^HTTP\/1\.1 (?:101|[2-4]\d\d|50[15]) /.test(answer)) throw new Error(answer);
        const status = answer.slice(9, 12);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
      const text = `message ${number++}`;
      bystander.send(text);
      const seen = await bystander.text();
      if (seen !== text) throw new Error(`the bystander saw ${seen}`);
    }),
    throughNginx(AT_ONCE),
  );
  const output = njchan.output();
  if (/\[(?:alert|crit|emerg)\]|exited on signal|a request failed/.test(output)) throw new Error(output);
  for (const status of ['101', '200', '202', '400', '404']) {
    if ((statuses.get(status) ?? 0) < 3)
      throw new Error(`too few ${status}: ${JSON.stringify([...statuses])}`);
  }
});
