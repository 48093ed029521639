import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // What takes long and seldom breaks: `npm run test:slow`.
    exclude: process.env['PACER_SLOW'] === '1' ? [] : ['test/slow/**'],
    globalSetup: ['test/support/build.ts'],
    // Seldom reached: a test that fails says so itself, and a machine that is busy with something else is slow.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Twice as many as the cores of the machines this is built for: the end-to-end tests mostly wait.
    maxWorkers: 4,
    // No test changes a module, so that a worker reads each once: a sixth of the whole time.
    isolate: false,
    reporters: process.env['CI'] ? ['default'] : ['default'],
  },
});
