import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // Integration tests start real servers: two files at a time keep a two-core machine responsive.
    maxWorkers: 2,
    reporters: ['default', './test/lua/probes/reporter.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/compose/**'],
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Building images keeps the whole machine busy: after all others, alone.
        extends: true,
        test: { name: 'compose', include: ['test/compose/*.test.ts'], sequence: { groupOrder: 1 } },
      },
    ],
  },
});
