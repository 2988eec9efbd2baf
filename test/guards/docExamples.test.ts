import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { examplesInDocComments, examplesInMarkdown, exampleModule } from '../kit/docExamples.ts';
import type { DocExample } from '../kit/docExamples.ts';
import { publicFunctions } from '../kit/publicFunctions.ts';
import { corePackages, expectNoViolations, listFiles, readSource, repositoryRoot } from '../kit/repository.ts';

/** One folder for each run, so that runs side by side keep out of each other's way. */
const folder = join(repositoryRoot, 'test/.generated', `examples-${process.pid}`);

const examples: DocExample[] = [
  ...listFiles(['packages'])
    .filter((path) => /^packages\/[^/]+\/src\/.*\.ts$/.test(path))
    .flatMap((path) => examplesInDocComments(readSource(path))),
  ...listFiles()
    .filter((path) => /^(?:packages\/[^/]+\/)?README\.md$/.test(path))
    .flatMap((path) => examplesInMarkdown(readSource(path))),
];

function moduleName(example: DocExample): string {
  return `${example.path.replace(/^packages\//, '').replaceAll(/[^\w]+/g, '-')}-${example.line}.ts`;
}

/** Compiler messages with the generated file and line translated back to the documentation. */
function typeErrors(): string[] {
  const config = {
    extends: '../../../tsconfig.json',
    // What an example does not use is shown for the reader; index checks are this repository's choice, not its users'.
    compilerOptions: { noUnusedLocals: false, noUncheckedIndexedAccess: false },
    include: ['*.ts'],
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
  const run = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8', cwd: folder });
  const byName = new Map(examples.map((example) => [moduleName(example), example]));
  return run.stdout.split('\n').flatMap((message) => {
    const [, name = '', line = '', text = ''] = /^([\w-]+\.ts)\((\d+),\d+\): (.*)$/.exec(message) ?? [];
    const example = byName.get(name);
    if (example !== undefined) return [`${example.path}:${example.line + Number(line) - 2}: ${text}`];
    // Errors in the packages themselves are the type check's to report; any other message means that the compiler did not run.
    return message === '' || /^(?:\s|\S*packages\/)/.test(message) ? [] : [message];
  });
}

describe('examples in the documentation', () => {
  beforeAll(() => {
    mkdirSync(folder, { recursive: true });
    for (const example of examples) {
      writeFileSync(join(folder, moduleName(example)), exampleModule(example, '../../kit/docExamples.ts'));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('there are some', () => {
    expect(examples.length).toBeGreaterThan(0);
  });

  it.each(examples.map((example) => [`${example.path}:${example.line}`, example] as const))(
    '%s',
    async (at, example) => {
      try {
        await import(pathToFileURL(join(folder, moduleName(example))).href);
      } catch (error) {
        const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        throw new Error(`${at}: ${message}\n${example.code}`, { cause: error });
      }
    },
  );

  it('have no type errors', () => {
    expectNoViolations(typeErrors());
  });

  it('every public function of the core packages has one', () => {
    const violations = corePackages
      .flatMap(publicFunctions)
      .filter(({ doc }) => !/^\s*\*?\s*@example\b/m.test(doc))
      .map((missing) => `${missing.path}:${missing.line}: ${missing.name} is public and has no @example`);
    expectNoViolations(violations);
  });
});
