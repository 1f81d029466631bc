/** docs/configuration.md says what the code does. `npm run docs` writes the parts that come from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { DYNAMIC_VALUES, HANDOFF, TRANSFER_ENCODING_VARIABLE } from '../../../handoff/headers.ts';
import { DEFAULT_SETTINGS } from '../../../handoff/settings.ts';
import { REPOSITORY } from '../../support/files.ts';
import { compileText } from './compiling.ts';

const FILE = join(REPOSITORY, 'docs/configuration.md');

function section(name: string): RegExp {
  return new RegExp(`(?<=<!-- ${name} -->\n)[\\s\\S]*?(?=<!-- end of ${name} -->)`);
}

/** Compares a section of the document with what it has to say, or writes it. */
function check(name: string, expected: string): void {
  const text = readFileSync(FILE, 'utf8');
  if (process.env.NJCHAN_WRITE_DOCS)
    writeFileSync(
      FILE,
      text.replace(section(name), () => expected),
    );
  else expect(section(name).exec(text)?.[0]).toBe(expected);
}

it('the example becomes what is said', () => {
  const source = /```nginx\n([\s\S]*?)```/.exec(readFileSync(FILE, 'utf8'))?.[1] as string;
  // The maps are shown below.
  const config = compileText(source).config.replace(/^ {4}map [\s\S]*?^ {4}\}\n/gm, '');
  const server = config.slice(config.indexOf('    server {\n        listen'));
  const [location, ...rest] = server.split('\n\n');
  const short = rest.map((block) =>
    block.replace(/( +)proxy_pass http:[\s\S]*?\n(?= *\})/g, '$1# … the hand-off\n'),
  );
  const own = (location as string).replace(
    /if \(\$njchan_direct_[\s\S]*\n(?= +\})/,
    '# … the short cut, see below\n',
  );
  const text = [own, ...short].join('\n\n').replaceAll('/conf/nginx.conf', 'nginx.conf');
  check('example', `\`\`\`nginx\n${text.replace(/\n\}\n*$/, '').replace(/^ {4}/gm, '')}\n\`\`\`\n`);
});

it('the example of a location that passes by the gateway becomes what is said', () => {
  const location =
    'location ~ ^/chat/(\\w+)$ {\n            nchan_pubsub;\n            nchan_channel_id $1;\n        }';
  const { config } = compileText(`events {}\nhttp {\n    server {\n        ${location}\n    }\n}\n`);
  const block = (start: string, indentation: string): string =>
    new RegExp(`^${indentation}${start}[^]*?\\n${indentation}\\}\\n`, 'm')
      .exec(config)?.[0]
      .replace(new RegExp(`^${indentation}`, 'gm'), '') ?? '';
  const text = [
    ...(config.match(/^ {4}map .* \$njchan_direct_\w+ \{\n[^}]*\}\n/gm) ?? []).map((map) =>
      map.replace(/^ {4}/gm, ''),
    ),
    block('upstream njchan_messages', '    '),
    '\n',
    block('location ~', '        '),
  ].join('');
  check('direct example', `\`\`\`nginx\n${text.replaceAll('/conf/nginx.conf', 'nginx.conf')}\`\`\`\n`);
});

it('the example with Redis is good', () => {
  const source = /```nginx\n(upstream [\s\S]*?)```/.exec(readFileSync(FILE, 'utf8'))?.[1] as string;
  const { notices, redis } = compileText(`events {} http {\n${source}\n}`);
  expect(notices).toEqual([]);
  expect(Object.keys(redis?.upstreams ?? {})).toEqual(['my_redis']);
});

it('what is written by hand names the variables that the gateway knows', () => {
  const text = readFileSync(FILE, 'utf8');
  const byHand = section('by hand').exec(text)?.[0] ?? '';
  for (const { variable } of Object.values(HANDOFF)) expect(byHand).toContain(`js_var $${variable};`);
  expect(byHand).toContain(`js_var $${TRANSFER_ENCODING_VARIABLE};`);
  for (const name of Object.keys(DYNAMIC_VALUES)) expect(text).toContain(`\`$njchan_${name}\``);
  for (const field of Object.keys(DEFAULT_SETTINGS).filter((key) => key !== 'location')) {
    expect(text).toContain(`\`${field}\``);
  }
});
