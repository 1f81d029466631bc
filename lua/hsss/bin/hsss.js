#!/usr/bin/env node
// Plain JavaScript, so that it can say what to do before anything was built.
import { existsSync } from 'node:fs';

const main = new URL('../../../dist/lua/hsss/main.js', import.meta.url);
if (existsSync(main)) {
  const { main: run } = await import(main.href);
  process.exitCode = run(process.argv.slice(2));
} else {
  console.error('hsss: it has not been built yet: run "npm run build" in its directory');
  process.exitCode = 1;
}
