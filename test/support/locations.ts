/** The locations that the protocol tests use. */
export const LOCATIONS = `
        location ~ ^/sub/(.*)$ { nchan_subscriber; nchan_channel_id $1; }
        location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; }
        location ~ ^/pubsub/(.*)$ { nchan_pubsub; nchan_channel_id $1; }
        location ~ ^/longpoll/(.*)$ { nchan_subscriber longpoll; nchan_channel_id $1; }
        location ~ ^/eventsource/(.*)$ { nchan_subscriber eventsource; nchan_channel_id $1; }
        location ~ ^/websocket/(.*)$ { nchan_subscriber websocket; nchan_channel_id $1; }
        location ~ ^/http-publisher/(.*)$ { nchan_publisher http; nchan_channel_id $1; }
        location ~ ^/websocket-publisher/(.*)$ { nchan_publisher websocket; nchan_channel_id $1; }
        location ~ ^/three/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 3; }
        location ~ ^/unbuffered/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_store_messages off; }
        location ~ ^/short/(.*)$ { nchan_publisher; nchan_channel_id $1; nchan_message_timeout 1s; }
        location ~ ^/newest/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_first_message newest; }
        location ~ ^/second/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_first_message 2; }
        location ~ ^/last/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_first_message -1; }
        location ~ ^/impatient/(.*)$ { nchan_subscriber; nchan_channel_id $1; nchan_subscriber_timeout 1; }
        location ~ ^/dynamic/(.*)$ {
            nchan_publisher;
            nchan_channel_id $1;
            nchan_message_timeout $arg_timeout;
            nchan_message_buffer_length $arg_length;
        }
        location ~ ^/brief/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_max_channel_id_length 8; }
        location ~ ^/grouped/(.*)$ { nchan_pubsub; nchan_channel_id $1; nchan_channel_group $arg_group; }
        location ~ ^/publishes-nowhere/(.*)$ { nchan_pubsub; nchan_subscriber_channel_id $1; }
        location ~ ^/publishes-too-long/(.*)$ {
            nchan_pubsub;
            nchan_max_channel_id_length 8;
            nchan_channel_id $1;
            nchan_publisher_channel_id $1-too-long;
        }
        location = /no-id { nchan_pubsub; }
        location ~ ^/small/(.*)$ { nchan_publisher; nchan_channel_id $1; client_max_body_size 1k; }
        location ~ ^/large/(.*)$ { nchan_publisher; nchan_channel_id $1; client_max_body_size 64m; }
        location ~ ^/decorated/(.*)$ { nchan_pubsub; nchan_channel_id $1; add_header X-Decorated yes always; }
`;
