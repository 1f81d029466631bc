/** Locations that tell about the sidecar as a whole. */
import { describe, expect, it } from 'vitest';
import { compileText, onlyEndpoint, saidIn } from './compiling.ts';

describe('a location with', () => {
  it.each([
    ['nchan_stub_status;', 'stub_status'],
    ['njchan_metrics;', 'metrics'],
    ['njchan_health;', 'ready'],
    ['njchan_health ready;', 'ready'],
    ['njchan_health live;', 'live'],
  ])('%s is handed off as it says', (directive, serves) => {
    const { settings, values } = onlyEndpoint(`location = /x { ${directive} nchan_channel_id $arg_id; }`);
    expect(settings).toMatchObject({ serves, publisher: [], subscriber: [] });
    expect(values).toEqual({});
  });

  /** As measured with Nchan. */
  it.each([
    ['nchan_pubsub; nchan_stub_status;', 'figures'],
    ['nchan_stub_status; nchan_publisher;', 'publisher'],
  ])('%s does what comes last', (directives, handler) => {
    const { config } = compileText(`events {} http { server { location / { ${directives} } } }`);
    expect(config).toContain(`js_content njchan.${handler};`);
  });

  it('figures has nested locations that show them too', () => {
    const { config } = compileText(
      'events {} http { server { location / { njchan_metrics; location /a { } } } }',
    );
    expect(config.match(/js_content njchan.figures;/g)).toHaveLength(2);
  });
});

describe('mistakes', () => {
  it.each(['njchan_health dead;', "njchan_health '';"])('%s is refused', (line) => {
    expect(saidIn('L', line)[0]).toMatch(
      /^invalid value ".*" in "njchan_health" directive, it must be "live" or/,
    );
  });

  it.each([
    ['njchan_metrics; nchan_stub_status;', 'nchan_stub_status'],
    ['nchan_publisher; njchan_metrics;', 'njchan_metrics'],
    ['njchan_health live; nchan_pubsub;', 'nchan_pubsub'],
    ['njchan_health; nchan_group_location;', 'nchan_group_location'],
    ['njchan_metrics; njchan_health;', 'njchan_health'],
  ])('%s are refused beside each other', (lines, second) => {
    expect(saidIn('L', lines)[0]).toMatch(
      new RegExp(`^"${second}" directive is not allowed beside another that says what the location does; `),
    );
  });

  it.each(['nchan_stub_status;', 'njchan_metrics;', 'njchan_health;'])(
    '%s stands in locations only',
    (line) => {
      for (const place of ['H', 'S', 'I'] as const) {
        expect(saidIn(place, line)[0]).toContain('directive is not allowed here');
      }
    },
  );
});
