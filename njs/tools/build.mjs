// Builds what runs inside nginx: TypeScript under njs/ and handoff/ to files that njs 0.7.9 accepts.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform } from '@swc/core';
import { rollup } from 'rollup';
import { checkRuntime } from './runtime-check.mjs';

const NJS = resolve(dirname(fileURLToPath(import.meta.url)), '..');

/** Each bundle by what it is made of: the gateway, and the variables that few configurations use. */
const BUNDLES = { 'main.ts': 'njchan.js', 'status.ts': 'status.js' };

/** njs 0.7.9 has no classes, destructuring, spread, defaults or for-of; swc writes them in ES5. */
const lowerTypeScript = {
  name: 'lower-typescript',
  async load(id) {
    if (!id.endsWith('.ts')) return null;
    const { code } = await transform(await readFile(id, 'utf8'), {
      filename: id,
      jsc: { parser: { syntax: 'typescript' }, target: 'es5', loose: true },
      module: { type: 'es6' },
    });
    return code;
  },
};

/**
 * Writes the gateway to `outFile`, and the other bundle beside it.
 * @throws Error when one uses syntax or runtime functions that njs 0.7.9 does not have.
 */
export async function buildGateway(outFile) {
  await mkdir(dirname(outFile), { recursive: true });
  for (const [entry, name] of Object.entries(BUNDLES)) {
    await buildBundle(resolve(NJS, entry), name === 'njchan.js' ? outFile : resolve(dirname(outFile), name));
  }
}

async function buildBundle(input, outFile) {
  const bundle = await rollup({
    input,
    external: ['fs'],
    plugins: [lowerTypeScript],
    onwarn(warning) {
      throw new Error(warning.message);
    },
  });
  const { output } = await bundle.generate({ format: 'es', strict: false });
  // njs 0.7.9 knows no other form of export.
  const code = output[0].code.replace(/export \{ (\w+) as default \};\s*$/, 'export default $1;\n');
  const problems = checkRuntime(code);
  if (problems.length > 0)
    throw new Error(`the njs bundle needs what njs 0.7.9 lacks:\n${problems.join('\n')}`);
  await writeFile(outFile, code);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await buildGateway(resolve(process.argv[2] ?? 'dist/njs/njchan.js'));
}
