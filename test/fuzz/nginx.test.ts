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
  THROUGH_NGINX,
  teText,
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

it('any request gets an answer of its own, and the bystander nothing of it', async () => {
  let number = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('GET', 'GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'FOO'),
      target,
      headers,
      body,
      async (method, path, given, bytes) => {
        const connection = await RawConnection.open(njchan.port);
        const lines = Object.entries(present(given)).map(([name, value]) => `${name}: ${value}\r\n`);
        connection.send(
          `${method} /fuzz/${path} HTTP/1.1\r\nHost: x\r\nContent-Length: ${bytes.length}\r\n${lines.join('')}\r\n`,
        );
        connection.send(bytes);
        // FIN makes nginx drop what waits for a message; everything else is answered before.
        connection.end();
        const answer = (await connection.readToEnd()).toString('latin1');
        if (answer !== '' && !/^HTTP\/1\.1 [1-5]\d\d /.test(answer)) throw new Error(`answered ${answer}`);
        if (/^HTTP\/1\.1 50[0234]/.test(answer)) throw new Error(`answered ${answer}`);

        const text = `message ${number++}`;
        bystander.send(text);
        const seen = await bystander.text();
        if (seen !== text) throw new Error(`the bystander saw ${seen}`);
      },
    ),
    THROUGH_NGINX,
  );
  if (/\[(?:alert|crit|emerg)\]|exited on signal|a request failed/.test(njchan.output()))
    throw new Error(njchan.output());
});
