/**
 * Builds dist/: hsss, the command and the sidecar from TypeScript, the gateway for njs. A step whose inputs did not
 * change is skipped. It is also npm's `prepare` script, so it runs at the end of `npm ci`.
 * `node setup/build.mjs scripts` builds hsss and no more, and makes the module with the Lua scripts anew.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { linkCommands } from './link-commands.mjs';
import { checkScripts, SCRIPTS_MODULE, writeScripts } from './scripts.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Each step: what it reads, what proves that it ran, and how it runs (throws when it fails). */
const STEPS = [
  {
    name: 'hsss',
    inputs: ['lua/hsss', 'cli/package-files.ts', 'tsconfig.json'],
    output: 'dist/lua/hsss/main.js',
    run: () => compileTypeScript('lua/hsss/tsconfig.json'),
  },
  {
    name: 'scripts',
    inputs: ['lua', 'setup/scripts.mjs'],
    output: SCRIPTS_MODULE,
    run: checkScripts,
  },
  {
    name: 'command and sidecar',
    inputs: ['cli', 'handoff', 'lua', 'nginx/compiler', 'sidecar', 'tsconfig.json', 'tsconfig.build.json'],
    output: 'dist/cli/main.js',
    run: () => compileTypeScript('tsconfig.build.json'),
  },
  {
    name: 'gateway for njs',
    inputs: ['njs', 'handoff', 'tsconfig.json'],
    output: 'dist/njs/njchan.js',
    run: buildGateway,
  },
];

/** Every step also depends on the versions of the tools. */
const COMMON_INPUTS = ['package-lock.json', 'setup/build.mjs'];

function compileTypeScript(project) {
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const { status, error } = spawnSync(process.execPath, [tsc, '-p', project, '--noEmitOnError'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`tsc ended with status ${status}; its messages are above`);
}

async function buildGateway(output) {
  const { buildGateway: build } = await import(pathToFileURL(join(root, 'njs/tools/build.mjs')).href);
  await build(output);
}

/** Every file under a path, or the path itself. */
function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

/** Changes when a file is changed, added or removed. */
function fingerprint(inputs) {
  const hash = createHash('sha256');
  for (const file of inputs.map((input) => join(root, input)).flatMap(filesUnder)) {
    const { mtimeMs, size } = statSync(file);
    hash.update(`${file} ${mtimeMs} ${size}\n`);
  }
  return hash.digest('hex');
}

function readIfThere(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

async function runStep({ name, inputs, output, run }) {
  const outputPath = join(root, output);
  const stamp = join(root, 'dist', `.${name.replaceAll(' ', '-')}.stamp`);
  const now = fingerprint([...inputs, ...COMMON_INPUTS]);
  if (existsSync(outputPath) && readIfThere(stamp) === now) {
    console.log(`build: ${name}: up to date`);
    return;
  }
  console.log(`build: ${name} …`);
  rmSync(stamp, { force: true });
  await run(outputPath);
  writeFileSync(stamp, now);
}

/**
 * Brings dist/ up to date.
 * @throws Error when a step fails
 */
export async function build() {
  for (const step of STEPS) await runStep(step);
  linkCommands();
}

/**
 * Makes the module with the Lua scripts anew.
 * @throws Error when a script is wrong
 */
async function buildScripts() {
  const [hsss] = STEPS;
  await runStep(hsss);
  await writeScripts();
}

/** True when only the packages for running were installed (`npm ci --omit=dev`). */
function withoutBuildTools() {
  return !existsSync(join(root, 'node_modules/typescript'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (withoutBuildTools()) {
    const built = STEPS.every(({ output }) => existsSync(join(root, output)));
    console.log(
      `build: the build tools are not installed${built ? ', dist/ is left as it is' : ': run "npm ci"'}`,
    );
    // Installing without development packages is fine; building without them is not.
    process.exitCode = built || process.env.npm_lifecycle_event === 'prepare' ? 0 : 1;
  } else {
    try {
      await (process.argv[2] === 'scripts' ? buildScripts() : build());
    } catch (error) {
      console.error(`build: ${error.message}`);
      process.exitCode = 1;
    }
  }
}
