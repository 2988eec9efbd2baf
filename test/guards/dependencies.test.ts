import { describe, expect, it } from 'vitest';
import { expectNoViolations, packageFolders, readJson } from '../kit/repository.ts';

/** The tools this repository is built and tested with; nothing else is installed. */
const tools = ['@types/node', 'fast-check', 'oxlint', 'prettier', 'tsx', 'typescript', 'vitest'];

const dependencyKinds = ['dependencies', 'peerDependencies', 'optionalDependencies', 'bundledDependencies'];

/** Names a package.json asks for under one of its keys, which hold an object or, for bundled ones, a list. */
function namesIn(manifest: Record<string, unknown>, kind: string): string[] {
  const value = manifest[kind] ?? {};
  if (typeof value !== 'object' || value === null) throw new Error(`package.json: ${kind}: not an object`);
  return Array.isArray(value) ? value.map(String) : Object.keys(value);
}

function foreignDependencies(path: string, manifest: Record<string, unknown>): string[] {
  return [...dependencyKinds, 'devDependencies'].flatMap((kind) =>
    namesIn(manifest, kind)
      .filter((name) => !name.startsWith('@rankwise/'))
      .map((name) => `${path}: ${kind}: "${name}" is not a package of this repository`),
  );
}

function lockedPackages(): Map<string, Record<string, unknown>> {
  return new Map(Object.entries(readJson('package-lock.json')['packages'] as Record<string, Record<string, unknown>>));
}

describe('no runtime dependency', () => {
  it('the packages depend on one another only', () => {
    const violations = packageFolders().flatMap((folder) => {
      const path = `packages/${folder}/package.json`;
      return foreignDependencies(path, readJson(path));
    });
    expectNoViolations(violations);
  });

  it('the workspace has the allowed tools and nothing else', () => {
    const manifest = readJson('package.json');
    expect(namesIn(manifest, 'devDependencies').toSorted()).toEqual(tools);
    for (const kind of dependencyKinds) expect(namesIn(manifest, kind), kind).toEqual([]);
  });

  it('the lock file holds the packages and development tools only', () => {
    const entries = lockedPackages();
    expect(entries.size).toBeGreaterThan(packageFolders().length);
    const violations = [...entries]
      .filter(([path, entry]) => path.startsWith('node_modules/') && entry['link'] !== true)
      .filter(([, entry]) => entry['dev'] !== true && entry['devOptional'] !== true)
      .map(([path]) => `package-lock.json: ${path} is not marked as a development dependency`);
    expectNoViolations(violations);
  });

  it('the lock file is complete: what a tool needs on other platforms is there too', () => {
    const entries = lockedPackages();
    const violations = [...entries].flatMap(([path, entry]) =>
      namesIn(entry, 'optionalDependencies')
        .filter((name) => !entries.has(`node_modules/${name}`) && !entries.has(`${path}/node_modules/${name}`))
        .map((name) => `package-lock.json: ${path} lacks ${name}, so npm ci would refuse the lock file`),
    );
    expectNoViolations(violations);
  });

  it('finds a planted dependency', () => {
    expect(foreignDependencies('p', { dependencies: { '@rankwise/tensor': '1', left: '1' } })).toEqual([
      'p: dependencies: "left" is not a package of this repository',
    ]);
    expect(foreignDependencies('p', { bundledDependencies: ['left'] })).toHaveLength(1);
    expect(foreignDependencies('p', { peerDependencies: { left: '*' }, devDependencies: { right: '*' } })).toHaveLength(
      2,
    );
  });
});
