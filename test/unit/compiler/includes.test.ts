import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { glob } from '../../../nginx/compiler/glob.ts';
import { tempDir } from '../../support/files.ts';
import { compileFiles, endpointsOf, problemsOf } from './compiling.ts';

const PUBSUB = 'location /x { nchan_pubsub; nchan_channel_id x; }\n';

describe('glob', () => {
  const dir = tempDir();
  mkdirSync(join(dir, 'sub'));
  for (const name of ['a.conf', 'b.conf', 'B.conf', 'c.txt', '.d.conf', 'x[1].conf', 'sub/e.conf']) {
    writeFileSync(join(dir, name), '');
  }
  symlinkSync(join(dir, 'nowhere'), join(dir, 'z.conf'));

  it.each([
    ['*.conf', ['B.conf', 'a.conf', 'b.conf', 'x[1].conf', 'z.conf']],
    ['[ab].conf', ['a.conf', 'b.conf']],
    ['[!a].conf', ['B.conf', 'b.conf', 'z.conf']],
    ['[a-c].*', ['a.conf', 'b.conf', 'c.txt']],
    ['?.txt', ['c.txt']],
    ['.*.conf', ['.d.conf']],
    ['x\\[?\\].conf', ['x[1].conf']],
    ['*/*.conf', ['sub/e.conf']],
    ['nowhere/*.conf', []],
    ['a.conf/*', []],
  ])('%s', (pattern, expected) => {
    expect(glob(join(dir, pattern))).toEqual(expected.map((name) => join(dir, name)));
  });
});

describe('include', () => {
  it('stays, with its full path, when nothing in the files changes', () => {
    const { config } = compileFiles({
      'nginx.conf': 'events {}\nhttp {\n    include mime.types; # these\n    include conf.d/*.conf;\n}\n',
      'mime.types': 'types { text/html html; }',
      'conf.d/a.conf': 'server { listen 80; }',
    });
    expect(config).toContain('    include /conf/mime.types; # these\n    include /conf/conf.d/*.conf;\n');
  });

  it('of a file with a directive of Nchan is replaced by the file', () => {
    const { config } = compileFiles({
      'nginx.conf': 'events {}\nhttp {\n    server {\n        include x.conf; # here\n    }\n}\n',
      'x.conf': PUBSUB,
    });
    expect(config).toContain(
      '        # include x.conf;\n# from /conf/x.conf:\nlocation /x {\n    set $njchan_location 1;',
    );
    expect(config).toContain('}\n# end of include x.conf; # here\n');
  });

  it('of several files replaces only those that change', () => {
    const { config } = compileFiles({
      'nginx.conf': 'events {}\nhttp { server { include l/*; } }',
      'l/1': 'location /1 { }',
      'l/2': PUBSUB,
      'l/3': 'location /3 { }',
    });
    expect(config).toMatch(
      /include \/conf\/l\/1;\n# from \/conf\/l\/2:\nlocation \/x \{[\s\S]*?\n\}\ninclude \/conf\/l\/3;\n# end of include l\/\*;\n/,
    );
  });

  it('is replaced when a file in it must change because of where it is included', () => {
    const files = {
      'nginx.conf':
        'events {}\nhttp { server { nchan_pubsub; include l; } server { listen 81; include l; } }',
      l: 'location / { }\n',
    };
    const { config } = compileFiles(files);
    expect(config).toMatch(/# from \/conf\/l:\nlocation \/ \{\n {4}set/);
    expect(config).toMatch(/listen 81; include \/conf\/l; \}/);
  });

  it('of one file in two servers inherits from each', () => {
    const { config } = compileFiles({
      'nginx.conf': `events {}
http {
server { nchan_channel_id one; include l; }
server { nchan_channel_id two; include l; }
}`,
      l: 'location / { nchan_publisher; }',
    });
    expect(config).toContain('js_var $njchan_1_channel_id one;');
    expect(config).toContain('js_var $njchan_2_channel_id two;');
  });

  it('is looked up from the main file, also in included files', () => {
    const { locations } = compileFiles({
      'nginx.conf': 'events {}\nhttp { include d/a; }',
      'd/a': 'server { include b; }',
      b: PUBSUB,
    });
    expect(locations).toBe(1);
  });

  it('of a pattern that matches nothing is no fault', () => {
    expect(problemsOf('include none/*.conf;\nevents {}')).toEqual([]);
  });

  it('of a missing file is a fault', () => {
    expect(problemsOf('events {}\ninclude\n none.conf;')).toEqual([
      '/conf/nginx.conf:3: open() "/conf/none.conf" failed (2: No such file or directory)',
    ]);
  });

  it('of itself is a fault', () => {
    expect(problemsOf({ 'nginx.conf': 'include a;', a: 'events {}\ninclude nginx.conf;' })).toEqual([
      '/conf/a:2: "/conf/nginx.conf" includes itself',
    ]);
  });

  it('is not followed in blocks of data', () => {
    expect(problemsOf('events {}\nhttp { types { include none; } }')).toEqual([]);
  });

  it('has faults reported where they are, in reading order, each once', () => {
    expect(
      problemsOf({
        'nginx.conf': 'nchan_a;\ninclude a;\nnchan_c;\nhttp { include a; server { nchan_pubsub x; } }',
        a: 'nchan_b;\nx',
      }),
    ).toEqual([
      '/conf/nginx.conf:1: unknown directive "nchan_a"',
      '/conf/a:1: unknown directive "nchan_b"',
      '/conf/a:2: unexpected end of file, expecting ";" or "}"',
      '/conf/nginx.conf:3: unknown directive "nchan_c"',
      '/conf/nginx.conf:4: invalid nchan_pubsub value: x',
    ]);
  });

  it('counts the settings of included files for the level', () => {
    const { config } = compileFiles({
      'nginx.conf': 'events {}\nhttp {\ninclude a;\nserver {\nlocation / {\nnchan_publisher; }\n}\n}',
      a: 'nchan_message_timeout 5;',
    });
    expect(endpointsOf(config)[5]?.settings.messageTimeout).toBe(5);
  });
});

describe('a file that is not UTF-8', () => {
  const latin1 = Buffer.from('# caf\xe9\nlocation /y { }\n', 'latin1');

  it('can be included', () => {
    const files = { 'nginx.conf': `events {}\nhttp { server { ${PUBSUB} include y; } }`, y: latin1 };
    expect(compileFiles(files).config).toContain('include /conf/y;');
  });

  it('cannot be written out', () => {
    const files = { 'nginx.conf': 'events {}\nhttp { server { nchan_pubsub; include y; } }', y: latin1 };
    expect(problemsOf(files)).toEqual(['/conf/y:1: not UTF-8, which is all that njchan can write']);
  });
});
