import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ratioReporter } from './kit/matrices/ratioReporter.ts';
import { runs } from './kit/runs.ts';

const conditions = ['rankwise-source', 'node', 'module', 'import', 'default'];

/** Two minutes for each test, longer when properties draw more cases (`npm run test:deep`). */
const timeout = Math.max(120_000, runs(120_000));

const root = fileURLToPath(new URL('..', import.meta.url));

/** The kit's tests of itself plant faults, whose ratios are no routine's. */
const ratios = {
  title: '@rankwise/linalg',
  files: /^test\/linalg\/(?!kit)/,
  file: join(root, 'packages/linalg/README.md'),
};

/** Tests run from source: the export condition `rankwise-source` leads to each package's src/index.ts. */
export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/kit/matrices/vitest.ts'],
    // Others given on the command line replace these: the table is then missing, and the tests fail all the same.
    reporters: ['default', ratioReporter(ratios)],
    // Every processor works (one is left idle by default), each file in a process of its own.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});
