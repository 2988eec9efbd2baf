import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackages, run, runOrThrow } from '../kit/builtPackages.ts';
import type { BuiltPackages } from '../kit/builtPackages.ts';
import { repositoryRoot } from '../kit/repository.ts';

/** Engines that lack something, as flags of node, with a probe that exits 0 only where it is lacking. */
const engines: [name: string, flags: string[], probe: string][] = [
  [
    'without a compiler and without WebAssembly',
    ['--jitless'],
    'process.exit(typeof WebAssembly === "undefined" ? 0 : 1)',
  ],
  [
    'without code from strings',
    ['--disallow-code-generation-from-strings'],
    'try { new Function("return 1")(); process.exit(1); } catch { process.exit(0); }',
  ],
  ['with the optimising compiler off', ['--no-opt'], ''],
];

/** What Node has and a browser page, an edge worker or a plug-in may not have. */
const bareProgram = `
for (const name of ['process', 'Buffer', 'global', 'WebAssembly', 'SharedArrayBuffer', 'Atomics', 'eval', 'Function',
  'setImmediate', 'require', 'navigator', 'fetch', 'Worker', 'MessageChannel', 'BroadcastChannel']) delete globalThis[name];
await import('./program.mjs');
`;

/** What program.mjs prints, in order. */
const programParts = ['exact', 'eigen', 'forward', 'cost', 'file', 'approximated', 'report'];

describe('the compiled packages', () => {
  let built: BuiltPackages;
  let plain = '';

  beforeAll(() => {
    built = buildPackages();
    cpSync(join(repositoryRoot, 'test/e2e/program.mjs'), join(built.root, 'program.mjs'));
    writeFileSync(join(built.root, 'bare.mjs'), bareProgram);
    plain = runOrThrow(process.execPath, ['program.mjs'], built.root);
  });
  afterAll(() => built?.dispose());

  it('compute something to compare', () => {
    const lines = plain.trim().split('\n');
    expect(lines.map((line) => Object.keys(JSON.parse(line) as object)[0])).toEqual(programParts);
    expect(plain).toContain('{"exact":[3,2]}\n');
  });

  it.each(engines)('compute the same bits in an engine %s', (_, flags, probe) => {
    expect(run(process.execPath, [...flags, '-e', probe], built.root).status).toBe(0);
    expect(runOrThrow(process.execPath, [...flags, 'program.mjs'], built.root)).toBe(plain);
  });

  it("compute the same bits without Node's globals", () => {
    expect(runOrThrow(process.execPath, ['bare.mjs'], built.root)).toBe(plain);
  });
});
