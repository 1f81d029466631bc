/** Configurations of hooks as Nchan's documentation shows them, unchanged but for the ports. */
import { beforeAll, describe, expect, it } from 'vitest';
import { openEventSource } from '../support/eventsource.ts';
import { type HookApplication, startHookApplication } from '../support/hook-application.ts';
import { type Njchan, nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { openWebSocket } from '../support/websocket.ts';

const APPLICATION = '127.0.0.1:9292';

const LOCATIONS = `
location ~ /sub/(\\w+)$ {
  nchan_channel_id $1;
  nchan_subscribe_request /upstream/sub;
  nchan_unsubscribe_request /upstream/unsub;
  nchan_subscriber;
}
location = /upstream/sub {
  proxy_pass http://${APPLICATION}/sub;
  proxy_set_header X-Subscriber-Type $nchan_subscriber_type;
  proxy_set_header X-Message-Id $nchan_message_id;
  proxy_set_header X-Channel-Id $nchan_channel_id;
  proxy_set_header X-Original-URI $request_uri;
}
location = /upstream/unsub {
  proxy_pass http://${APPLICATION}/unsub;
  proxy_ignore_client_abort on;  #!!!important!!!!
  proxy_set_header X-Subscriber-Type $nchan_subscriber_type;
  proxy_set_header X-Message-Id $nchan_message_id;
  proxy_set_header X-Channel-Id $nchan_channel_id;
  proxy_set_header X-Original-URI $request_uri;
}
location ~ /pub/(\\w+)$ {
  #publisher endpoint
  nchan_channel_id $1;
  nchan_publisher_upstream_request /upstream_pub;
  nchan_publisher;
}
location = /upstream_pub {
  proxy_pass http://${APPLICATION}/pub;
  proxy_set_header X-Publisher-Type $nchan_publisher_type;
  proxy_set_header X-Prev-Message-Id $nchan_prev_message_id;
  proxy_set_header X-Channel-Id $nchan_channel_id;
  proxy_set_header X-Original-URI $request_uri;
}
location ~ /open/(\\w+)$ {
  nchan_access_control_allow_origin "http://example.com https://example.com";
  nchan_subscribe_existing_channels_only on;
  nchan_max_channel_subscribers 1;
  nchan_channel_id $1;
  nchan_subscriber;
}
`;

let application: HookApplication;
let njchan: Njchan;
beforeAll(async () => {
  application = await startHookApplication();
  const own = LOCATIONS.replaceAll(APPLICATION, `127.0.0.1:${application.port}`);
  njchan = await startNjchan({ config: (port) => nginxConf(port, own) });
});

const publish = (path: string, body: string) => request(njchan.port, 'POST', path, { body });

describe('of Nchan’s documentation', () => {
  it('subscribers are told of when they come and when they go', async () => {
    const stream = await openEventSource(`${njchan.url}/sub/presence?who=anna`);
    const [came] = await application.until('/sub?who=anna', 1);
    expect(came?.headers).toMatchObject({
      'x-subscriber-type': 'eventsource',
      'x-channel-id': 'presence',
      'x-original-uri': '/sub/presence?who=anna',
    });
    stream.close();
    const [went] = await application.until('/unsub?who=anna', 1);
    expect(went?.headers).toMatchObject({ 'x-subscriber-type': 'eventsource', 'x-channel-id': 'presence' });
  });

  it('messages are sent to the application first, which says what is published', async () => {
    application.answer = ({ method, body }, response) => {
      if (method === 'POST') response.end(`checked: ${body}`);
      else response.end();
    };
    const subscriber = await openWebSocket(`${njchan.url}/sub/messages`);
    expect((await publish('/pub/messages', 'hello')).status).toBe(201);
    expect(await subscriber.text()).toBe('checked: hello');
    const publisher = await openWebSocket(`${njchan.url}/pub/messages`);
    publisher.send('by WebSocket');
    expect(await subscriber.text()).toBe('checked: by WebSocket');
    expect(application.about('/pub').map(({ headers }) => headers['x-publisher-type'])).toEqual([
      'http',
      'websocket',
    ]);
  });

  it('subscribers are limited to origins, to channels that exist and in their number', async () => {
    application.answer = undefined;
    const open = (origin: string) =>
      request(njchan.port, 'GET', '/open/room', { headers: { Accept: 'text/event-stream', Origin: origin } });
    expect((await open('http://example.com')).status).toBe(403);
    const somebody = await openWebSocket(`${njchan.url}/sub/room`);
    expect((await open('http://evil.example')).status).toBe(403);
    somebody.close();
    application.answer = (_asked, response) => void response.writeHead(304).end();
    await publish('/pub/other', 'x');
    const first = await openEventSource(`${njchan.url}/open/other`, { Origin: 'https://example.com' });
    expect((await first.event()).data).toBe('x');
    const second = await request(njchan.port, 'GET', '/open/other', {
      headers: { Accept: 'text/event-stream' },
    });
    expect(second.status).toBe(403);
    first.close();
  });
});
