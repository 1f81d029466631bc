import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // Integration tests start real servers: two files at a time keep a two-core machine responsive.
    maxWorkers: 2,
    reporters: ['default', './test/lua/probes/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
  },
});
