import { defineConfig } from 'vitest/config';
import { fileURLToPath } from 'node:url';

const conditions = ['rankwise-source', 'node', 'module', 'import', 'default'];

/** Tests run from source: the export condition `rankwise-source` leads to each package's src/index.ts. */
export default defineConfig({
  root: fileURLToPath(new URL('..', import.meta.url)),
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
