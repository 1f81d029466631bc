import { nginxConf, startNjchan } from '../support/njchan.ts';
import { request } from '../support/raw-http.ts';
import { waitFor } from '../support/wait.ts';
import type { Server } from './race.ts';

/**
 * Starts a server with the locations that publishers and subscribers of races use.
 * @param http for the http block.
 * @param location for each location.
 */
export async function startServer(http = '', location = ''): Promise<Server> {
  const id = `nchan_channel_id $1; nchan_channel_id_split_delimiter ","; ${location}`;
  const locations = `
        keepalive_requests 100000; # a poll waits by asking again and again
        location ~ ^/sub/(.*)$ { nchan_subscriber; ${id} }
        location ~ ^/longpoll/(.*)$ { nchan_subscriber longpoll; ${id} }
        location ~ ^/intervalpoll/(.*)$ { nchan_subscriber intervalpoll; ${id} }
        location ~ ^/raw/(.*)$ { nchan_subscriber http-raw-stream; ${id} }
        location ~ ^/pub/(.*)$ {
            nchan_publisher;
            ${id}
            nchan_message_buffer_length $arg_length;
            nchan_message_timeout $arg_timeout;
        }`;
  // What nginx holds back for a client that does not read is small, so that the sidecar soon notices.
  const config = (port: number): string =>
    nginxConf(port, locations, http, 4096).replace(/listen .*(?=;)/, '$& sndbuf=16k');
  const njchan = await startNjchan({ config });
  await waitFor(
    'the store',
    async () => (await request(njchan.port, 'GET', '/intervalpoll/x')).status === 304,
  );
  return { port: njchan.port, sidecarPid: await njchan.sidecarPid() };
}
