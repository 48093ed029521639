import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/build.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Two workers: the machines this is built for have two cores, and the end-to-end tests run real HAProxies.
    maxWorkers: 2,
    // No test changes a module, so that a worker reads each once: a sixth of the whole time.
    isolate: false,
    reporters: process.env['CI'] ? ['default'] : ['default'],
  },
});
