import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { runs } from './kit/runs.ts';

const conditions = ['rankwise-source', 'node', 'module', 'import', 'default'];

/** Two minutes for each test, longer when properties draw more cases (`npm run test:deep`). */
const timeout = Math.max(120_000, runs(120_000));

/** Tests run from source: the export condition `rankwise-source` leads to each package's src/index.ts. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    // Every processor works (one is left idle by default), each file in a process of its own.
    pool: 'forks',
    maxWorkers: availableParallelism(),
    testTimeout: timeout,
    hookTimeout: timeout,
  },
});
