import { defineConfig } from 'vitest/config';

/** What needs an engine: started, and its images made, before the first test. */
const IN_CONTAINERS = {
  globalSetup: './test/support/containers/global-setup.ts',
  runner: './test/support/containers/runner.ts',
};

/** The suites that ask how a Redis behaves are run with these besides this machine's; `--project tests` leaves them out. */
const REDIS_SERVERS = { 'Redis 8': 'redis-server', 'Valkey 8.1': 'valkey-server' };
const REDIS_SUITES = [
  'test/redis/contract.test.ts',
  'test/redis/sharing.test.ts',
  'test/lua/scripts.test.ts',
  'test/lua/hsss-redis.test.ts',
  'test/integration/redis-check.test.ts',
  'test/integration/redis-link.test.ts',
  'test/integration/redis-script-errors.test.ts',
  'test/integration/redis-link-cluster.test.ts',
  'test/integration/trace.test.ts',
];

export default defineConfig({
  test: {
    // Integration tests start real servers: two files at a time keep a two-core machine responsive.
    maxWorkers: 2,
    reporters: ['default', './test/lua/probes/reporter.ts'],
    testTimeout: 90_000,
    hookTimeout: 120_000,
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
      ...Object.entries(REDIS_SERVERS).map(([name, redisProgram]) => ({
        extends: true as const,
        test: {
          name,
          ...IN_CONTAINERS,
          include: REDIS_SUITES,
          provide: { redisProgram },
          sequence: { groupOrder: 1 },
        },
      })),
      {
        // Building images keeps the whole machine busy: after all others, alone.
        extends: true,
        test: {
          name: 'compose',
          ...IN_CONTAINERS,
          include: ['test/compose/*.test.ts'],
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
