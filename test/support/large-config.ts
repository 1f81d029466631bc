/** A configuration as large as those of long-lived sites, with every kind of endpoint. */

/** Locations of one kind, from a number that makes them different. */
const KINDS: readonly ((n: number) => string)[] = [
  (n) => `location ~ ^/sub/${n}/(\\w+)$ {
            nchan_subscriber;
            nchan_channel_id "$1";
            nchan_channel_group g${n};
            nchan_subscriber_first_message ${n % 2 ? 'newest' : '-5'};
            add_header X-Served-By ${n};
        }`,
  (n) => `location ~ ^/pub/${n}/(\\w+)$ {
            nchan_publisher http;
            nchan_channel_id "$1";
            nchan_message_timeout ${n + 1}m;
            client_max_body_size 1m;
        }`,
  (n) => `location ~ ^/checked/${n}/(\\w+)$ {
            nchan_pubsub;
            nchan_channel_id "$1" shared;
            nchan_authorize_request /ask/may/${n};
            nchan_publisher_upstream_request /ask/check;
        }`,
  (n) => `location ~ ^/told/${n}/(\\w+)$ {
            nchan_subscriber websocket eventsource;
            nchan_channel_id "$1";
            nchan_subscribe_request /ask/came?from=${n};
            nchan_unsubscribe_request /ask/went?from=${n};
            nchan_access_control_allow_origin "https://a${n}.example https://b.example";
        }`,
  (n) => `location ~ ^/several/${n}/(.+)$ {
            nchan_subscriber longpoll;
            nchan_channel_id "$1";
            nchan_channel_id_split_delimiter ",";
            if ($arg_old) {
                nchan_subscriber_compound_etag_message_id on;
            }
        }`,
  (n) => `location ~ ^/shared/${n}/(\\w+)$ {
            nchan_pubsub;
            nchan_channel_id "$1";
            nchan_redis_pass redis;
        }`,
];

/** So many locations with Nchan's directives, in three servers. */
export const LARGE_CONFIG_LOCATIONS = 60;

/** The text: some 400 lines. */
export function largeConfig(): string {
  const locations = Array.from({ length: LARGE_CONFIG_LOCATIONS }, (_, n) =>
    (KINDS[n % KINDS.length] as (n: number) => string)(n),
  );
  const servers = [0, 1, 2].map(
    (server) => `    server {
        listen 127.0.0.1:${server + 1};
        server_name s${server}.example;
        location /ask/ {
            internal;
            proxy_pass http://application;
            proxy_set_header X-Channel $nchan_channel_id;
        }
        ${locations.filter((_, n) => n % 3 === server).join('\n        ')}
    }`,
  );
  return `events {}
http {
    access_log off;
    upstream application { server 127.0.0.1:9; }
    upstream redis {
        nchan_redis_server redis://127.0.0.1:6379;
        nchan_redis_server redis://127.0.0.1:6380;
    }
    map $http_user_agent $is_robot { default 0; "~*bot" 1; }
    nchan_max_channel_id_length 128;
${servers.join('\n')}
}
`;
}
