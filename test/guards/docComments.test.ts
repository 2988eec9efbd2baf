import { describe, expect, it } from 'vitest';
import { publicFunctions } from '../kit/publicFunctions.ts';
import { corePackages, expectNoViolations, packageFolders, readSource } from '../kit/repository.ts';

describe('doc comments', () => {
  for (const name of corePackages) {
    it(`${name}: every public function has one`, () => {
      const violations = publicFunctions(name)
        .filter(({ doc }) => doc === '')
        .map((missing) => `${missing.path}:${missing.line}: ${missing.name} is public and has no doc comment`);
      expectNoViolations(violations);
    });
  }

  for (const name of packageFolders()) {
    it(`${name}: index.ts says what the package is for`, () => {
      expect(readSource(`packages/${name}/src/index.ts`).text).toMatch(/^\/\*\*/);
    });
  }

  it('sees the functions of a package', () => {
    const names = publicFunctions('tensor').map((one) => one.name);
    expect(names).toContain('tensorOf');
    expect(names).not.toContain('ShapeError');
  });
});
