import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { ratioReporter } from './kit/matrices/ratioReporter.ts';
import { runs } from './kit/runs.ts';

const conditions = ['rankwise-source', 'node', 'module', 'import', 'default'];

/** Two minutes for each test, longer when properties draw more cases (`npm run test:deep`). */
const timeout = Math.max(120_000, runs(120_000));

const root = fileURLToPath(new URL('..', import.meta.url));

/** Tests run from source: the export condition `rankwise-source` leads to each package's src/index.ts. */
export default defineConfig({
  root,
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/kit/matrices/vitest.ts'],
    // Others given on the command line replace these; the tests fail by themselves when a ratio is too large.
    reporters: ['default', ratioReporter({ folder: 'test/linalg', file: `${root}packages/linalg/README.md` })],
    // Every processor works (one is left idle by default), each file in a process of its own.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});
