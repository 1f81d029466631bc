import { describe, expect, it } from 'vitest';
import { compileFiles, compileText, endpointsOf, problemsOf, saidIn } from './compiling.ts';

const inServer = (text: string): string => `events {}\nhttp {\nserver {\n${text}\n}\n}\n`;
const settingsOf = (directives: string) => {
  const { config } = compileText(inServer(`location / { ${directives} }`));
  const [endpoint] = Object.values(endpointsOf(config));
  return { config, settings: endpoint?.settings };
};

describe('a group location', () => {
  it.each([
    ['nchan_group_location;', 'delete get set'],
    ['nchan_group_location get;', 'get'],
    ['nchan_group_location G s;', 'get set'],
    ['nchan_group_location d; nchan_group_location g;', 'delete get'],
    ['nchan_group_location get off;', 'off'],
    ['nchan_group_location off;', 'off'],
    ['nchan_group_location get set off; nchan_group_location delete;', 'delete'],
  ])('%s', (directives, groupAccess) => {
    const { config, settings } = settingsOf(directives);
    expect(config).toContain('js_content njchan.group;');
    expect(settings).toMatchObject({ groupAccess, groupAccounting: false, publisher: [], subscriber: [] });
  });

  it('has the group and all five limits, if it has any', () => {
    const { config, settings } = settingsOf(
      'nchan_group_location; nchan_channel_group $1; nchan_channel_group_accounting on; nchan_group_max_messages $arg_m; nchan_channel_id $2;',
    );
    expect(settings).toMatchObject({ groupAccounting: true, groupLimits: true });
    expect(config).toContain('js_var $njchan_1_channel_group $1;');
    expect(config).toContain('js_var $njchan_1_group_limit "";');
    expect(config).toContain('js_var $njchan_1_group_limit_3 $arg_m;');
    expect(config).toContain('js_var $njchan_1_group_limit_5 "";');
    expect(config).not.toContain('js_var $njchan_1_channel_id');
  });

  it('is what was written last, if what is before it is off', () => {
    expect(settingsOf('nchan_group_location off; nchan_publisher;').config).toContain('njchan.publisher;');
    expect(settingsOf('nchan_publisher; nchan_group_location off;').config).toContain('njchan.group;');
  });

  it('adds to the words of outer levels, which off takes back', () => {
    const { config } = compileText(
      inServer(`location / { nchan_group_location get;
        location /a { nchan_group_location set; }
        location /b { nchan_group_location off; }
        location /c { nchan_group_location off delete; }
        location /d { }
      }`),
    );
    const access = Object.entries(endpointsOf(config)).map(([line, { settings }]) => [
      line,
      settings.groupAccess,
    ]);
    expect(Object.fromEntries(access)).toEqual({ 4: 'get', 5: 'get set', 6: 'off', 7: 'delete', 8: 'get' });
  });

  it('can be nothing else, whichever level says so', () => {
    const message = (kind: string, directive: string) =>
      `Can't have a ${kind} location and also be a group access location (nchan_group + ${directive})`;
    expect(problemsOf(inServer('location / {\nnchan_group_location;\nnchan_publisher;\n}'))).toEqual([
      `/conf/nginx.conf:6: ${message('publisher', 'nchan_publisher')}`,
    ]);
    expect(problemsOf(inServer('nchan_subscriber;\nlocation / {\nnchan_group_location;\n}'))).toEqual([
      `/conf/nginx.conf:6: ${message('subscriber', 'nchan_subscriber')}`,
    ]);
    expect(saidIn('L', 'nchan_pubsub; nchan_group_location get;')).toEqual([
      message('publisher and subscriber', 'nchan_publisher, nchan_subscriber or nchan_pubsub'),
    ]);
  });

  it('refuses tokens, which give no right to it', () => {
    const files = (location: string) => ({
      'nginx.conf': inServer(
        `njchan_token_key secret alg=HS256;\nlocation / {\nnchan_group_location; ${location}\n}`,
      ),
      secret: '0123456789abcdef0123456789abcdef0123456789abcdef',
    });
    expect(problemsOf(files(''))).toEqual([
      '/conf/nginx.conf:4: njchan_token_key: tokens give no right to a group location; say "njchan_token off" in it, and protect it otherwise',
    ]);
    expect(problemsOf(files('njchan_token required;'))).toEqual([
      '/conf/nginx.conf:6: njchan_token: tokens give no right to a group location; say "njchan_token off" in it, and protect it otherwise',
    ]);
    expect(compileFiles(files('njchan_token off;')).notices).toEqual([]);
  });

  it('asks the application that the location names', () => {
    const { config } = settingsOf('nchan_group_location; nchan_authorize_request /auth;');
    expect(config).toContain('js_var $njchan_1_authorize_request /auth;');
  });
});

describe('limits for a group', () => {
  it.each([
    ['nchan_group_max_channels x;', 'nchan_group_max_channels', 'x'],
    ['nchan_group_max_subscribers 1k;', 'nchan_group_max_subscribers', '1k'],
    ['nchan_group_max_messages -1;', 'nchan_group_max_messages', '-1'],
    ['nchan_group_max_messages_memory 1x;', 'nchan_group_max_messages_memory', '1x'],
    ['nchan_group_max_messages_disk 1.2.3;', 'nchan_group_max_messages_disk', '1.2.3'],
  ])('%s is refused: no request would be served', (line, name, value) => {
    expect(saidIn('L', line)).toEqual([`"${name}" directive invalid value "${value}"`]);
  });

  it.each(['0', '5', '""', '$arg_x', 'a$arg_x'])('%s is taken', (value) => {
    expect(saidIn('L', `nchan_group_max_channels ${value};`)).toEqual([]);
  });

  it('are inherited by nested locations', () => {
    const { config } = compileText(
      inServer(
        'location / { nchan_group_max_messages 5; location /a { nchan_pubsub; nchan_channel_id x; } }',
      ),
    );
    expect(config).toContain('js_var $njchan_1_group_limit_3 5;');
  });

  it('go through the gateway, accounting alone does not', () => {
    const publisher = (more: string) =>
      compileText(inServer(`location ~ ^/(.*)$ { nchan_publisher; nchan_channel_id $1; ${more} }`)).config;
    expect(publisher('nchan_channel_group_accounting on;')).toContain('if ($njchan_direct');
    expect(publisher('nchan_channel_group_accounting on; nchan_group_max_messages 5;')).not.toContain(
      'if ($njchan_direct',
    );
  });
});
