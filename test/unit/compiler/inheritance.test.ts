import { describe, expect, it } from 'vitest';
import { compileText, endpointsOf, onlyEndpoint } from './compiling.ts';

/** Endpoints by their line; the first line of the text is line 2. */
function endpoints(http: string) {
  return endpointsOf(compileText(`events {} http {\n${http}\n}`).config);
}

describe('values', () => {
  it('come from the nearest level that has one', () => {
    const found = endpoints(`nchan_message_timeout 1; nchan_subscriber_timeout 9;
      server {
        nchan_message_timeout 2; nchan_channel_id server;
        location /a { nchan_pubsub; }
        location /b { nchan_pubsub; nchan_message_timeout 3;
          location /b/c { nchan_channel_id $1; }
          location /b/d { nchan_message_timeout 4; }
        }
      }`);
    expect(found[5]).toMatchObject({
      settings: { messageTimeout: 2, subscriberTimeout: 9 },
      values: { channel_id: 'server' },
    });
    expect(found[6]?.settings.messageTimeout).toBe(3);
    expect(found[7]).toMatchObject({ settings: { messageTimeout: 3 }, values: { channel_id: '$1' } });
    expect(found[8]).toMatchObject({ settings: { messageTimeout: 4 }, values: { channel_id: 'server' } });
  });

  it('are in force above their line too', () => {
    const found = endpoints('server {\nlocation / { nchan_pubsub; }\nnchan_channel_id late; }');
    expect(found[3]?.values).toEqual({ channel_id: 'late' });
  });

  it('that are computed give way to fixed ones of a nested level, and the other way round', () => {
    const found =
      endpoints(`server { nchan_publisher; nchan_message_timeout $arg_t; nchan_message_buffer_length 5;
      location / { nchan_message_timeout 5; nchan_message_buffer_length $arg_n; } }`);
    expect(found[3]).toMatchObject({
      settings: { messageTimeout: 5, messageBufferLength: 10 },
      values: { message_buffer_length_expression: '$arg_n' },
    });
    expect(found[3]?.values.message_timeout_expression).toBeUndefined();
  });

  it('of one server do not reach another', () => {
    const found = endpoints('server { nchan_channel_id a; }\nserver {\nlocation / { nchan_pubsub; } }');
    expect(found[4]?.values).toEqual({});
  });
});

describe('endpoints', () => {
  it('of a server are all its locations, whatever they do', () => {
    const { config } = compileText(
      'events {} http { server { nchan_publisher; location / { proxy_pass http://127.0.0.1:1; } location = /y { root /x; } location @z { } } }',
    );
    expect(config.match(/js_content njchan\.publisher;/g)).toHaveLength(3);
    expect(config).toMatch(/proxy_pass http:\/\/127\.0\.0\.1:1;\s+js_content njchan.publisher;/);
  });

  it('get a location for requests that no other takes', () => {
    const { config, locations } = compileText(
      'events {} http { server { nchan_pubsub; nchan_channel_id x; location /a { } } }',
    );
    expect(config).toMatch(/location \/ \{\s+set \$njchan_location 2;/);
    expect(config).toContain('js_var $njchan_2_channel_id x;');
    expect(locations).toBe(2);
  });

  it.each(['/', '^~ /', '"/"'])('need no such location when there is `location %s`', (name) => {
    const { locations } = compileText(`events {} http { server { nchan_pubsub; location ${name} { } } }`);
    expect(locations).toBe(1);
  });

  it('of nested levels only add up', () => {
    const found = endpoints(`server { location / { nchan_publisher http;
      location /a { nchan_subscriber es http-raw-stream;
      location /a/b { nchan_subscriber off; } } } }`);
    expect(found[2]?.settings).toMatchObject({ publisher: ['http'], subscriber: [] });
    expect(found[3]?.settings).toMatchObject({
      publisher: ['http'],
      subscriber: ['eventsource', 'http-raw-stream'],
    });
    expect(found[4]?.settings).toMatchObject({
      publisher: ['http'],
      subscriber: ['eventsource', 'http-raw-stream'],
    });
  });

  it('are none where a location always returns', () => {
    const { config, locations } = compileText(`events {} http { server { nchan_pubsub;
      location / { auth_request /auth; }
      location = /auth { return 204; }
      location = /maybe { if ($arg_x) { break; } return 204; } } }`);
    expect(locations).toBe(2);
    expect(config).toContain('location = /auth { return 204; }');
  });

  it('choose the handler', () => {
    const handlers = [
      'nchan_publisher',
      'nchan_subscriber',
      'nchan_pubsub',
      'nchan_pubsub off',
      'nchan_pubsub longpoll',
    ].map(
      (line) =>
        /js_content njchan\.(\w+);/.exec(
          compileText(`events {} http { server { location / { ${line}; } } }`).config,
        )?.[1],
    );
    expect(handlers).toEqual(['publisher', 'subscriber', 'pubsub', 'pubsub', 'subscriber']);
  });
});

describe('if', () => {
  it('with directives is an endpoint with all that its location has', () => {
    const found =
      endpoints(`server { location ~ (.*) { nchan_pubsub; nchan_channel_id $1; nchan_subscriber_timeout 5;
      if ($arg_q) { nchan_store_messages off; } } }`);
    expect(found[3]).toMatchObject({
      settings: { messageBufferLength: 0, subscriberTimeout: 5, publisher: ['http', 'websocket'] },
      values: { channel_id: '$1' },
    });
  });

  it('declares its values in the location, where js_var is allowed', () => {
    const { config } = compileText(
      'events {} http { server { location / {\n    nchan_pubsub;\n    if ($arg_q) {\n        nchan_channel_id q;\n    }\n    } } }',
    );
    expect(config).toMatch(
      /if \(\$arg_q\) \{\n {8}set[\s\S]*# nchan_channel_id q;\n {8}js_content njchan\.pubsub;\n {4}\}\n {4}js_var \$njchan_2_channel_id q;/,
    );
  });

  it('that matches after another sets the constants of the location again', () => {
    const { config } = compileText(
      'events {} http { server { location / { nchan_pubsub; if ($arg_a) { add_header A 1; } if ($arg_b) { set $b 1; } } } }',
    );
    expect(config.match(/set \$njchan_location 1;/g)).toHaveLength(2);
    expect(config.match(/set \$njchan_handoff @njchan_2;/g)).toHaveLength(1);
  });

  it('that only rewrites is left alone', () => {
    const { config } = compileText(
      'events {} http { server { location / { nchan_pubsub; if ($arg_b) { return 403; } } } }',
    );
    expect(config).toContain('if ($arg_b) { return 403; }');
  });

  it('can be the only endpoint of its location', () => {
    const { config, locations } = compileText(
      'events {} http { server { location / { nchan_channel_id x; if ($arg_a) { nchan_pubsub; } } } }',
    );
    expect(locations).toBe(1);
    expect(config.match(/js_content/g)).toHaveLength(1);
    expect(config).toContain('js_var $njchan_1_channel_id x;');
  });

  it('has its proxy_pass overruled', () => {
    const { config } = compileText(
      'events {} http { server { location / { nchan_pubsub; if ($arg_a) { proxy_pass http://127.0.0.1:1; } } } }',
    );
    expect(config).toMatch(/proxy_pass http:\/\/127\.0\.0\.1:1;\s+js_content njchan.pubsub;\s+\}/);
  });
});

it('limit_except gets the handler of its location', () => {
  const { config } = compileText(
    'events {} http { server { location / { nchan_publisher; limit_except GET { deny all; } } } }',
  );
  expect(config).toMatch(/limit_except GET \{ deny all;\s+js_content njchan.publisher;\s+\}/);
});

it('a location is named by its file and line', () => {
  expect(onlyEndpoint('location / { nchan_pubsub; }').settings.location).toBe('/conf/nginx.conf:5');
});
