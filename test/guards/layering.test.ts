import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { importCycles, importsOf } from '../kit/imports.ts';
import {
  corePackages,
  expectNoViolations,
  layers,
  listFiles,
  packageFolders,
  readJson,
  readSource,
  typescriptFiles,
} from '../kit/repository.ts';
import type { SourceFile } from '../kit/repository.ts';
import { lineAt, stripComments } from '../kit/sourceText.ts';

/** What a page under a strict policy, or an engine without a compiler, does not have. */
const forbiddenInCore: [pattern: RegExp, reason: string][] = [
  [/(?<![.\w$])eval\s*\(/g, 'eval'],
  [/(?<![\w$])(?:new\s+)?Function\s*\(/g, 'the Function constructor'],
  [/(?<![.\w$])(?:WebAssembly|SharedArrayBuffer|Atomics|Worker)\b/g, 'WebAssembly, shared memory or threads'],
  [/(?<![.\w$])(?:process|Buffer|__dirname|__filename)\s*[.([]/g, "Node's globals"],
  [/(?<![.\w$])require\s*\(/g, 'require'],
  [/(?<![.\w$])globalThis\s*(?:\.|\[)/g, 'globalThis'],
  [/\bset(?:Timeout|Interval)\s*\(\s*['"`]/g, 'a timer on a string'],
];

/** Imports of a file in packages/<layer>/src that its layer does not allow. */
function importViolations(layer: string, file: SourceFile, declared: readonly string[]): string[] {
  const source = `packages/${layer}/src`;
  return importsOf(file.text).flatMap(({ specifier, line }) => {
    const at = `${file.path}:${line}: imports '${specifier}'`;
    if (specifier.startsWith('.')) {
      const target = posix.join(posix.dirname(file.path), specifier);
      if (!target.startsWith(`${source}/`)) return [`${at}, which lies outside ${source}`];
      return specifier.endsWith('.ts') ? [] : [`${at}: a relative import names the file with its ending .ts`];
    }
    if (specifier.startsWith('node:')) {
      if (corePackages.includes(layer)) return [`${at}: ${layer} runs without Node`];
      return layer === 'cli' || file.path.endsWith('.node.ts') ? [] : [`${at}: only files named *.node.ts may`];
    }
    const name = /^@rankwise\/([^/]+)$/.exec(specifier)?.[1];
    if (name === undefined) return [`${at}: expected the bare name of a package of this repository`];
    if (!(layers[layer] ?? []).includes(name)) return [`${at}: ${layer} may import ${describeLayers(layer)}`];
    return declared.includes(specifier) ? [] : [`${at}, which packages/${layer}/package.json does not declare`];
  });
}

function describeLayers(layer: string): string {
  return (layers[layer] ?? []).join(', ') || 'no other package';
}

function forbiddenUses(file: SourceFile): string[] {
  const code = stripComments(file.text, { strings: true });
  return forbiddenInCore.flatMap(([pattern, reason]) =>
    [...code.matchAll(pattern)].map((match) => `${file.path}:${lineAt(code, match.index)}: uses ${reason}`),
  );
}

function declaredDependencies(layer: string): string[] {
  const { dependencies, optionalDependencies } = readJson(`packages/${layer}/package.json`);
  return Object.keys({ ...(dependencies as object | undefined), ...(optionalDependencies as object | undefined) });
}

describe('layering', () => {
  it('every package has a place in the layers', () => {
    expect(packageFolders()).toEqual(Object.keys(layers).toSorted());
  });

  for (const layer of Object.keys(layers)) {
    it(`${layer} imports ${describeLayers(layer)}, by name, as declared`, () => {
      const files = typescriptFiles([`packages/${layer}/src`]);
      expect(files.length).toBeGreaterThan(0);
      expectNoViolations(files.flatMap((file) => importViolations(layer, file, declaredDependencies(layer))));
    });

    it(`${layer} declares no package above it`, () => {
      const allowed = (layers[layer] ?? []).map((name) => `@rankwise/${name}`);
      expect(allowed).toEqual(expect.arrayContaining(declaredDependencies(layer)));
    });

    it(`${layer} has no import cycle`, () => {
      const cycles = importCycles(typescriptFiles([`packages/${layer}/src`]));
      expectNoViolations(cycles.map((cycle) => `import cycle: ${cycle.join(' → ')}`));
    });
  }

  it('the core packages use nothing that a restricted engine lacks', () => {
    const files = typescriptFiles(corePackages.map((name) => `packages/${name}/src`));
    expectNoViolations(files.flatMap(forbiddenUses));
  });

  it('the packages hold TypeScript only, but for the script that workers run as it is', () => {
    const folders = packageFolders().map((name) => `packages/${name}/src`);
    const others = listFiles(folders).filter((path) => !path.endsWith('.ts'));
    expect(others).toEqual(['packages/simd/src/threads/worker.js']);
    expect(importsOf(readSource(others[0] ?? '').text)).toEqual([]);
  });

  it('finds planted violations', () => {
    const violations = (specifier: string, declared = ['@rankwise/tensor']) =>
      importViolations('nn', { path: 'packages/nn/src/a/b.ts', text: `import { x } from '${specifier}';` }, declared);
    expect(violations('../c.ts')).toEqual([]);
    expect(violations('@rankwise/tensor')).toEqual([]);
    expect(violations('@rankwise/tensor', [])).toHaveLength(1);
    expect(violations('@rankwise/linalg')).toHaveLength(1);
    expect(violations('@rankwise/nn')).toHaveLength(1);
    expect(violations('@rankwise/tensor/src/tensor.ts')).toHaveLength(1);
    expect(violations('../../../tensor/src/tensor.ts')).toHaveLength(1);
    expect(violations('./c')).toHaveLength(1);
    expect(violations('node:fs')).toHaveLength(1);
    expect(violations('fs')).toHaveLength(1);
    const inSimd = (path: string) =>
      importViolations('simd', { path: `packages/simd/src/${path}`, text: "import { x } from 'node:fs';" }, []);
    expect(inSimd('a.ts')).toHaveLength(1);
    expect(inSimd('a.node.ts')).toEqual([]);

    const uses = (text: string) => forbiddenUses({ path: 'f.ts', text }).length;
    expect(uses('eval(x)')).toBe(1);
    expect(uses("new Function('x', 'y')")).toBe(1);
    expect(uses('process.exit()')).toBe(1);
    expect(uses('Buffer.from(x)')).toBe(1);
    expect(uses('await WebAssembly.compile(x)')).toBe(1);
    expect(uses('const isFunction = (process: number) => process; // eval(x)')).toBe(0);
  });
});
