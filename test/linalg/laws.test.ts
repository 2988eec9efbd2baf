/**
 * Every law over every routine and every kind of the gallery: once at sizes that show the kind, then on random cases, around
 * block boundaries too, with the reference kernels; fewer with simd kernels, which must keep the same laws.
 */

import { jacobiEigen, svd } from '@rankwise/linalg';
import { referenceKernels, transpose } from '@rankwise/tensor';
import { createSimdKernels } from '@rankwise/simd';
import * as fc from 'fast-check';
import { describe, it } from 'vitest';
import { checkLaws, expectRatio, generalCase, generalCases, generalGallery, multiply, orthogonalityRatio, symmetricCase, symmetricCases, symmetricGallery, symmetrized, valuesRatio } from '../kit/matrices/index.ts'; // prettier-ignore
import type { Shape } from '../kit/matrices/index.ts';
import { runs } from '../kit/runs.ts';
import { generalRows, symmetricRows } from './routines.ts';

const simd = await createSimdKernels({ leastWork: 0 });

/** Orders at which every kind is itself; laws that compare matrices run on one of them. */
const orders = [0, 1, 2, 7, 12];
const orderOfRelations = 7;

const shapes: Readonly<Record<Shape, readonly (readonly [number, number])[]>> = {
  any: [[0, 3], [1, 1], [1, 5], [2, 2], [12, 12], [7, 4], [4, 7]],
  square: [[0, 0], [1, 1], [2, 2], [12, 12], [7, 7]],
  tall: [[3, 0], [1, 1], [2, 2], [12, 12], [7, 4]],
  wide: [[0, 3], [1, 1], [2, 2], [12, 12], [4, 7]],
}; // prettier-ignore

/** Where the blocks of 32 of the blocked routines begin and end. */
const blockSizes = fc.constantFrom(24, 31, 32, 33, 64, 65);

describe('symmetric matrices', () => {
  for (const { name, variant, keep = () => true, results, relations } of symmetricRows(referenceKernels)) {
    const title = variant === undefined ? name : `${name}, ${variant}`;
    it(`${title}: every kind`, () => {
      for (const kind of symmetricGallery.filter(keep)) {
        for (const n of orders) checkLaws(name, results, symmetricCase(kind.name, n, n + 1));
        checkLaws(name, relations, symmetricCase(kind.name, orderOfRelations, 1));
      }
    });

    it(`${title}: any case`, () => {
      const laws = [...results, ...relations];
      fc.assert(
        fc.property(symmetricCases(keep), (one) => checkLaws(name, laws, one)),
        { numRuns: runs(30) },
      );
    });
  }
});

describe('matrices of any shape', () => {
  for (const { name, variant, keep = () => true, shape = 'any', results, relations } of generalRows(referenceKernels)) {
    const title = variant === undefined ? name : `${name}, ${variant}`;
    it(`${title}: every kind`, () => {
      for (const kind of generalGallery.filter(keep)) {
        for (const [m, n] of shapes[shape]) checkLaws(name, results, generalCase(kind.name, m, n, m + n));
        for (const [m, n] of shapes[shape].slice(shape === 'any' ? -2 : -1)) {
          checkLaws(name, relations, generalCase(kind.name, m, n, m));
        }
      }
    });

    it(`${title}: any case`, () => {
      const laws = [...results, ...relations];
      fc.assert(
        fc.property(generalCases({ keep, shape }), (one) => checkLaws(name, laws, one)),
        { numRuns: runs(30) },
      );
    });
  }
});

describe('simd kernels, around blocks', () => {
  for (const { name, variant, keep = () => true, results, relations } of symmetricRows(simd)) {
    it(variant === undefined ? name : `${name}, ${variant}`, () => {
      const laws = results.length > 0 ? results : relations;
      fc.assert(
        fc.property(symmetricCases(keep, { size: blockSizes }), (one) => checkLaws(name, laws, one)),
        { numRuns: runs(8) },
      );
    });
  }

  for (const { name, variant, keep = () => true, shape = 'any', results } of generalRows(simd)) {
    it(variant === undefined ? name : `${name}, ${variant}`, () => {
      fc.assert(
        fc.property(generalCases({ keep, shape, size: blockSizes }), (one) => checkLaws(name, results, one)),
        { numRuns: runs(8) },
      );
    });
  }
});

describe('counter-examples found', () => {
  it('jacobiEigen: a moment of low rank and wide grading leaves noise of low rank, again and again', () => {
    for (const [m, n] of [
      [2, 48],
      [3, 48],
      [2, 63],
      [3, 63],
    ] as const) {
      // prettier-ignore
      const { matrix, ...one } = generalCase('graded rows and columns', m, n, 0);
      const { values, vectors } = jacobiEigen(symmetrized(multiply(transpose(matrix), matrix)));
      expectRatio("jacobiEigen: V'V = I", one, orthogonalityRatio(vectors));
      const squares = Float64Array.from({ length: n }, (_, j) => (svd(matrix).s.data[j] ?? 0) ** 2);
      expectRatio('jacobiEigen: known spectrum', one, valuesRatio(values.data, squares));
    }
  });

  it('symmetricEigen: scaled to just where squares of small elements vanish, couplings were dropped that still counted', () => {
    const one = symmetricCase('arrow', 10, 1_114_529_587, -481);
    const { results } = symmetricRows(referenceKernels).find(({ name }) => name === 'symmetricEigen')!;
    checkLaws('symmetricEigen', results, one);
  });
});
