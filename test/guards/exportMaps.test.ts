import { describe, expect, it } from 'vitest';
import { expectNoViolations, packageFolders, readJson, readSource } from '../kit/repository.ts';
import type { SourceFile } from '../kit/repository.ts';
import { lineAt, stripComments } from '../kit/sourceText.ts';

/** Statements by which a reader could not see what the package exports. */
const forbiddenInIndex: [pattern: RegExp, reason: string][] = [
  [/export\s*\*/g, 'expected each export by name, got export *'],
  [/export\s+default\b|\bas\s+default\b/g, 'expected named exports only, got a default'],
];

function indexViolations(file: SourceFile): string[] {
  const code = stripComments(file.text, { strings: true });
  return forbiddenInIndex.flatMap(([pattern, reason]) =>
    [...code.matchAll(pattern)].map((match) => `${file.path}:${lineAt(code, match.index)}: ${reason}`),
  );
}

describe('export maps', () => {
  for (const folder of packageFolders()) {
    it(`${folder}: package.json`, () => {
      const manifest = readJson(`packages/${folder}/package.json`);
      expect(manifest).toMatchObject({
        name: `@rankwise/${folder}`,
        version: readJson('package.json')['version'],
        license: 'MIT',
        type: 'module',
        sideEffects: false,
        engines: { node: expect.any(String) },
        description: expect.any(String),
      });
      // The order counts: the first condition that holds is taken.
      expect(JSON.stringify(manifest['exports'])).toBe(
        JSON.stringify({
          '.': { 'rankwise-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' },
          './package.json': './package.json',
        }),
      );
      const bin = manifest['bin'] === undefined ? [] : ['bin'];
      expect(manifest['files']).toEqual([...bin, 'dist', '!dist/.tsbuildinfo']);
    });

    it(`${folder}: index.ts names what it exports`, () => {
      expectNoViolations(indexViolations(readSource(`packages/${folder}/src/index.ts`)));
    });
  }

  it('finds planted violations', () => {
    const lines = (text: string) => indexViolations({ path: 'i.ts', text });
    expect(lines("/** a */\nexport * from './a.ts';")).toEqual(['i.ts:2: expected each export by name, got export *']);
    expect(lines("export * as a from './a.ts';")).toHaveLength(1);
    expect(lines('export default 1;')).toHaveLength(1);
    expect(lines("export { a as default } from './a.ts';")).toHaveLength(1);
    expect(lines("export { a } from './a.ts'; // export *")).toEqual([]);
  });
});
