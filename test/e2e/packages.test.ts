import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildPackages, compile, run, runOrThrow } from '../kit/builtPackages.ts';
import type { BuiltPackages, CommandResult } from '../kit/builtPackages.ts';
import { packageFolders, repositoryRoot } from '../kit/repository.ts';

/** What `npm pack --json` tells of a tarball. */
interface Packed {
  readonly name: string;
  readonly filename: string;
  readonly files: readonly { readonly path: string }[];
}

const packages = packageFolders();

/** A program that compiles only if the types are found, and are not `any`. */
const typedProgram = `
import { symmetricEigen } from '@rankwise/linalg';
import { forward, sequential } from '@rankwise/nn';
import type { Model } from '@rankwise/nn';
import { fromNested, zeros } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { approximate } from '@rankwise/approx';
import { main } from '@rankwise/cli';

const values: Tensor<'f64'> = symmetricEigen(fromNested('f64', [[1]])).values;
const model: Model = sequential('tiny', [1, 2, 2]).relu().build();
export const output: Tensor<'f32'> = forward(model, zeros('f32', [1, 1, 2, 2])).output;
export const smaller: Promise<{ readonly model: Model }> = approximate(model, output, { speedup: 2, seed: 1 });
export const command: (args: string[]) => Promise<number> = main;
// @ts-expect-error: a tensor of f64 is none of f32
export const wrong: Tensor<'f32'> = values;
// @ts-expect-error: a speed-up is a number
export const misspelt = approximate(model, output, { speedup: 'two' });
`;

const typedProject = {
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2023', 'DOM'],
    module: 'NodeNext',
    moduleResolution: 'NodeNext',
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  },
  files: ['typed.ts'],
};

describe('the published packages', () => {
  let built: BuiltPackages;
  let project = '';
  const packed = new Map<string, Packed>();

  beforeAll(() => {
    built = buildPackages();
    project = realpathSync(mkdtempSync(join(tmpdir(), 'rankwise-user-')));
    mkdirSync(join(project, 'tarballs'));
    for (const name of packages) {
      const folder = join(built.root, 'packages', name);
      const printed = runOrThrow('npm', ['pack', '--json', '--pack-destination', join(project, 'tarballs')], folder);
      const [entry] = JSON.parse(printed) as [Packed];
      packed.set(name, entry);
    }
    const tarballs = [...packed.values()].map(({ filename }) => `./tarballs/${filename}`);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ name: 'user', private: true, type: 'module' }));
    // An empty cache and --offline: whatever is not in the tarballs cannot be had.
    const offline = ['--offline', '--cache', join(project, 'cache'), '--no-audit', '--no-fund'];
    runOrThrow('npm', ['install', ...offline, ...tarballs], project);
    cpSync(join(repositoryRoot, 'test/e2e/program.mjs'), join(project, 'program.mjs'));
  });

  afterAll(() => {
    built?.dispose();
    if (project !== '') rmSync(project, { recursive: true, force: true });
  });

  it.each(packages)('%s: the tarball holds the compiled files, the readme and nothing else', (name) => {
    const files = packed.get(name)?.files.map(({ path }) => path) ?? [];
    const sources = readdirSync(join(built.root, 'packages', name, 'src'), { recursive: true, encoding: 'utf8' });
    const compiled = sources
      .filter((path) => /\.(?:ts|js)$/.test(path))
      .map((path) => path.replaceAll('\\', '/').replace(/\.(?:ts|js)$/, ''))
      .flatMap((path) => [`dist/${path}.d.ts`, `dist/${path}.js`]);
    const programs = name === 'cli' ? ['bin/rankwise.js'] : [];
    const allowed = [...programs, ...compiled, 'README.md', 'package.json'];
    expect(files.filter((path) => path !== 'LICENSE').toSorted()).toEqual(allowed.toSorted());
  });

  it('are installed without anything else', () => {
    const installed = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(installed).toEqual(['@rankwise']);
    expect(readdirSync(join(project, 'node_modules/@rankwise')).toSorted()).toEqual(packages);
    for (const name of packages) {
      expect(existsSync(join(project, 'node_modules/@rankwise', name, 'node_modules')), name).toBe(false);
    }
  });

  it('compute under plain node what the source computes', () => {
    const printed = runOrThrow(process.execPath, ['program.mjs'], project);
    expect(printed).toContain('{"exact":[3,2]}\n');
    const fromSource = ['--conditions=rankwise-source', '--import', 'tsx', 'test/e2e/program.mjs'];
    expect(printed).toBe(runOrThrow(process.execPath, fromSource, repositoryRoot));
  });

  it('bring their types along', () => {
    writeFileSync(join(project, 'typed.ts'), typedProgram);
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(typedProject));
    const { status, stdout } = compile(['-p', '.'], project);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('keep their inner files to themselves', () => {
    const script = "await import('@rankwise/tensor/dist/tensor.js')";
    const { status, stderr } = run(process.execPath, ['--input-type=module', '-e', script], project);
    expect(status).not.toBe(0);
    expect(stderr).toContain('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });

  it('compute without the package that is optional, saying so', () => {
    const [simd, away] = ['node_modules/@rankwise/simd', 'simd'].map((path) => join(project, path));
    const [model, images] = ['fashion-chain.safetensors', 't10k-images-idx3-ubyte.gz'].map((name) =>
      join(repositoryRoot, 'examples/data', name),
    );
    const evaluate = (): CommandResult =>
      run(
        process.execPath,
        ['node_modules/@rankwise/cli/bin/rankwise.js', 'evaluate', model!, '--data', images!, '--images', '2'],
        project,
      );
    expect(evaluate()).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining(' on simd kernels, ') });
    renameSync(simd!, away!);
    expect(evaluate()).toMatchObject({
      status: 0,
      stderr: expect.stringContaining(
        'reference kernels, which are slower: the package @rankwise/simd is not installed\n',
      ),
      stdout: expect.stringContaining(' on reference kernels, '),
    });
    renameSync(away!, simd!);
  });

  it('put the rankwise command on the path', () => {
    const printed = runOrThrow('npx', ['--no-install', 'rankwise', '--help'], project);
    expect(printed).toMatch(/rankwise/i);
    expect(run('npx', ['--no-install', 'rankwise', 'no-such-command'], project).status).not.toBe(0);
  });
});
