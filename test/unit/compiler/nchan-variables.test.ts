import { describe, expect, it } from 'vitest';
import { compileText } from './compiling.ts';

const server = (extra: string): string =>
  `events {} http { ${extra} server { location ~ ^/pub/(.*)$ { nchan_publisher; nchan_channel_id $1; } } }`;

describe("Nchan's variables", () => {
  it('are not declared where nothing uses them, and messages pass by the gateway', () => {
    const { config } = compileText(server('log_format x "$uri";'));
    expect(config).not.toMatch(/\$nchan_|Njchan-Report/);
    expect(config).toContain('$njchan_direct');
  });

  it.each([
    ['log_format x "$nchan_channel_id";'],
    ['map $uri $x { default "${nchan_message_id}"; }'],
    ['map $nchan_channel_message_count $x { default 1; }'],
    ['server { location /auth { proxy_set_header X-Channel $nchan_channel_id2; } }'],
  ])('are declared for %s, and the gateway sees every message', (line) => {
    const { config } = compileText(server(line));
    expect(config).toContain('js_var $nchan_channel_id;');
    expect(config).toContain(
      'map $upstream_http_njchan_reported_message_id $nchan_message_id {\n        volatile;',
    );
    expect(config).toContain('proxy_set_header Njchan-Report 1;');
    expect(config).toContain('proxy_hide_header Njchan-Reported-Messages;');
    expect(config).not.toContain('$njchan_direct');
  });

  it('are empty in a configuration without endpoints', () => {
    const { config } = compileText('events {} http { log_format x "$nchan_channel_id $nchan_version"; }');
    expect(config).toContain('map "" $nchan_channel_id {');
    expect(config).not.toContain('js_var');
  });

  it('are not taken for used in comments', () => {
    expect(compileText(server('# $nchan_channel_id\n')).config).not.toContain('js_var $nchan_channel_id');
  });

  it('give a version without anything else', () => {
    const { config } = compileText(server('add_header X-Version $nchan_version;'));
    expect(config).toContain('map "" $nchan_version {\n        default 1.3.6;');
    expect(config).toContain('$njchan_direct');
  });
});

describe('the variables of nchan_stub_status', () => {
  it('are read from a file that the sidecar writes, where they are used', () => {
    const { config, figuresFile } = compileText(server('log_format x "$nchan_stub_status_channels";'));
    expect(config).toContain('js_import njchan_status from /opt/status.js;');
    expect(config).toContain('map "" $njchan_figures_file {\n        default /run/status/figures;');
    expect(config).toContain('js_set $nchan_stub_status_channels njchan_status.channels;');
    expect(config).not.toContain('nchan_stub_status_subscribers');
    expect(figuresFile).toBe('/run/status/figures');
  });

  it('leave messages to pass by the gateway', () => {
    expect(compileText(server('log_format x "$nchan_stub_status_channels";')).config).toContain(
      '$njchan_direct',
    );
  });

  it('need nothing where they are not used', () => {
    const { config, figuresFile } = compileText(server(''));
    expect(config).not.toContain('njchan_status');
    expect(figuresFile).toBeUndefined();
  });

  it('are 0 where there are no endpoints, and where no sidecar could write a file', () => {
    const text = 'log_format x "$nchan_stub_status_channels $nchan_stub_status_shared_memory_used";';
    const zeros = ['map "" $nchan_stub_status_channels {\n        default 0;', 'default 0K;'];
    const sidecar = { address: 'sidecar:1', secret: 'x'.repeat(16) };
    for (const { config, figuresFile } of [
      compileText(`events {} http { ${text} }`),
      compileText(server(text), { sidecar }),
    ]) {
      for (const zero of zeros) expect(config).toContain(zero);
      expect(config).not.toContain('js_set');
      expect(figuresFile).toBeUndefined();
    }
  });
});
