/** What is written for `nchan_authorize_request`. */
import { describe, expect, it } from 'vitest';
import { compileText } from './compiling.ts';

const compiled = (location: string, outer = '', http = ''): string =>
  compileText(`events {}\nhttp {\n${http}\nserver {\n${outer}\n${location}\n}\n}\n`).config;
const endpoint = (lines: string): string => `location / {\nnchan_pubsub;\nnchan_channel_id x;\n${lines}\n}`;

describe('an application that is asked', () => {
  it.each([
    ['/auth', ['/auth']],
    ['"/auth/$1"', ['"/auth/$1"']],
    ['/auth?a=$arg_a&b=c', ['/auth', '"a=$arg_a&b=c"']],
    ['"/a b?c?d"', ['"/a b"', 'c?d']],
    ['/auth?', ['/auth', '""']],
  ])('at %s', (uri, expressions) => {
    const config = compiled(endpoint(`nchan_authorize_request ${uri};`));
    const given = [...config.matchAll(/js_var \$njchan_1_authorize_request(?:_2)? (.*);/g)];
    expect(given.map(([, expression]) => expression)).toEqual(expressions);
  });

  it('is that of the nearest level', () => {
    const config = compiled(
      `${endpoint('')}\n${endpoint('nchan_authorize_request /inner;').replace('location /', 'location /in')}`,
      'nchan_authorize_request /outer;',
    );
    expect(config).toContain('js_var $njchan_1_authorize_request /outer;');
    expect(config).toContain('js_var $njchan_2_authorize_request /inner;');
  });

  it('may answer more than a page, and without a type', () => {
    const config = compiled(endpoint('nchan_authorize_request /auth;'));
    expect(config).toContain('  subrequest_output_buffer_size 64k;\n');
    expect(config).toContain('types {\n');
    expect(config).toContain('default_type "";\n');
  });

  it('leaves the user’s own settings in force', () => {
    const config = compiled(
      endpoint('nchan_authorize_request /auth; default_type text/x; types { text/y y; }'),
      '',
      'subrequest_output_buffer_size 1m;',
    );
    expect(config).not.toContain('64k');
    expect(config).not.toContain('default_type "";');
  });

  it('keeps the types of what nested locations return', () => {
    const config = compiled(endpoint('nchan_authorize_request /auth; location /a { return 200 x; }'));
    expect(config).not.toMatch(/default_type|types/);
  });

  it('changes nothing where nobody is asked', () => {
    expect(compiled(endpoint(''))).not.toMatch(/subrequest_output_buffer_size|default_type|types/);
  });

  it('is asked for requests that no location takes', () => {
    const config = compiled('', 'nchan_pubsub; nchan_channel_id x; nchan_authorize_request /auth;');
    expect(config).toContain('js_var $njchan_1_authorize_request /auth;');
    expect(config).toContain('default_type "";');
  });
});
