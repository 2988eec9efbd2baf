/** The matrix kit tested by itself: what the gallery claims, what the ratios see, what the tables show. */

import { jacobiEigen, jacobiSvd } from '@rankwise/linalg';
import { fromNested, zeros } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MARKERS, betweenMarkers } from '../kit/matrices/ratioReporter.ts';
import { apart, excess } from '../kit/matrices/laws/law.ts';
import { keepWorst } from '../kit/matrices/worstRatios.ts';
import {
  THRESHOLD,
  at,
  difference,
  exactDeterminant,
  expectRatio,
  factorizationRatio,
  fullTable,
  generalCase,
  generalCases,
  generalGallery,
  identityMatrix,
  largestOf,
  logOfInteger,
  markdownTable,
  matrixFrom,
  mergeRatios,
  norm1,
  orthogonalityRatio,
  routinesOfMarkdown,
  scalarRatio,
  scaled,
  sturmEigenvalues,
  summaryTable,
  symmetricCase,
  symmetricCases,
  symmetricGallery,
  tridiagonalMatrix,
  valuesRatio,
  worstRatios,
} from '../kit/matrices/index.ts';
import type { Matrix, WorstRatio } from '../kit/matrices/index.ts';
import { readSource } from '../kit/repository.ts';
import { runs } from '../kit/runs.ts';

const orders = [0, 1, 2, 3, 5, 12, 33];

const isFinite = (a: Matrix): boolean => a.data.every(Number.isFinite);

describe('the gallery', () => {
  it('has 20 kinds and more of each sort, each with a name of its own', () => {
    for (const gallery of [symmetricGallery, generalGallery]) {
      expect(gallery.length).toBeGreaterThan(50);
      expect(new Set(gallery.map(({ name }) => name)).size).toBe(gallery.length);
    }
  });

  for (const { name, scale } of symmetricGallery) {
    it(`symmetric: ${name}`, () => {
      for (const n of orders) {
        const { matrix } = symmetricCase(name, n, n);
        expect(matrix.shape).toEqual([n, n]);
        expect(isFinite(matrix)).toBe(true);
        expect(matrixFrom(n, n, (i, j) => at(matrix, j, i)).data).toEqual(matrix.data);
        expect(symmetricCase(name, n, n).matrix).toEqual(matrix);
        expect(scaleOf(matrix)).toBe(n === 0 ? undefined : scale);
      }
    });
  }

  for (const { name, scale } of generalGallery) {
    it(`any shape: ${name}`, () => {
      for (const [m, n] of orders.flatMap(
        (size) =>
          [
            [size, size],
            [size, 4],
            [4, size],
          ] as const,
      )) {
        // prettier-ignore
        const { matrix } = generalCase(name, m, n, m + n);
        expect(matrix.shape).toEqual([m, n]);
        expect(isFinite(matrix)).toBe(true);
        expect(generalCase(name, m, n, m + n).matrix).toEqual(matrix);
        if (Math.min(m, n) > 1) expect(scaleOf(matrix)).toBe(scale);
      }
    });
  }

  it('claims semi-definite and definite what is', () => {
    for (const { name } of symmetricGallery.filter(({ semidefinite }) => semidefinite)) {
      for (const n of orders.filter((order) => order > 0)) {
        const { matrix, entry, what } = symmetricCase(name, n, n + 7);
        const values = jacobiEigen(matrix).values.data;
        const [largest, smallest] = [values[0]!, values[n - 1]!];
        expect(smallest, what).toBeGreaterThanOrEqual(-THRESHOLD * n * Number.EPSILON * largest); // bound: a ratio of 30
        if (!entry.definite) continue;
        expect(smallest, what).toBeGreaterThan(20 * 200 ** 1.5 * Number.EPSILON * largest); // bound: what `definite` says in kind.ts
      }
    }
  });

  it('knows no more than it can: every fact is of the right length and order', () => {
    for (const n of orders) {
      for (const { spectrum, inertia } of symmetricGallery) {
        const values = spectrum?.(n) ?? [];
        if (spectrum !== undefined) expect(values).toHaveLength(n);
        expect(values).toEqual(values.toSorted((a, b) => b - a));
        const { positive, zero, negative } = inertia?.(n) ?? { positive: n, zero: 0, negative: 0 };
        expect([positive + zero + negative, Math.min(positive, zero, negative) >= 0]).toEqual([n, true]);
      }
    }
  });

  it('lists every kind in its README', () => {
    const text = readSource('test/kit/matrices/README.md').text.replaceAll(/\s+/g, ' ');
    const missing = [...symmetricGallery, ...generalGallery].filter(({ name }) => !text.includes(` ${name}`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('names an unknown kind', () => {
    expect(() => symmetricCase('none', 1, 1)).toThrow('symmetricCase: kind: expected one of the gallery, got none');
    expect(() => generalCase('none', 1, 1, 1)).toThrow('generalCase: kind: expected one of the gallery, got none');
  });
});

describe('the arbitraries', () => {
  it('draw what is asked for, and print the case', () => {
    fc.assert(
      fc.property(
        symmetricCases(({ definite }) => definite === true),
        ({ entry, what, [fc.toStringMethod]: print }) => entry.definite === true && print() === what,
      ),
      { numRuns: runs() },
    );
    const shape = (one: { matrix: Matrix }): number => one.matrix.shape[0]! - one.matrix.shape[1]!;
    for (const [name, holds] of [
      ['tall', (x: number) => x >= 0],
      ['wide', (x: number) => x <= 0],
      ['square', (x: number) => x === 0],
    ] as const) {
      // prettier-ignore
      fc.assert(fc.property(generalCases({ shape: name }), (one) => holds(shape(one))), { numRuns: runs() });
    }
  });
});

describe('oracles', () => {
  it('determinants by hand', () => {
    expect(exactDeterminant(zeros('f64', [0, 0]))).toBe(1n);
    expect(exactDeterminant(fromNested('f64', [[-7]]))).toBe(-7n);
    expect(exactDeterminant(fromNested('f64', [[0, 2], [3, 4]]))).toBe(-6n); // prettier-ignore
    expect(exactDeterminant(fromNested('f64', [[1, 2], [2, 4]]))).toBe(0n); // prettier-ignore
    // Pascal's matrix.
    const pascal = matrixFrom(8, 8, (i, j) => {
      let binomial = 1;
      for (let k = 1; k <= i; k++) binomial = (binomial * (j + k)) / k;
      return binomial;
    });
    expect(exactDeterminant(pascal)).toBe(1n);
    expectRatio('logOfInteger: power of ten', '10^400', scalarRatio(logOfInteger(-(10n ** 400n)), 400 * Math.LN10, 1000, 1)); // prettier-ignore
  });

  it('Sturm counts find the eigenvalues of second differences', () => {
    const n = 9;
    const exact = Float64Array.from({ length: n }, (_, j) => 2 + 2 * Math.cos(((j + 1) * Math.PI) / (n + 1)));
    const found = sturmEigenvalues(new Float64Array(n).fill(2), new Float64Array(n - 1).fill(-1));
    expectRatio('sturmEigenvalues: second differences', 'n = 9', valuesRatio(found, exact));
    expect(tridiagonalMatrix(2, (i) => i, () => 5).data).toEqual(new Float64Array([0, 5, 5, 1])); // prettier-ignore
  });
});

describe('ratios', () => {
  const q = identityMatrix(4);

  it('are 0 for exact results and grow with the error in units of n ε', () => {
    expect(orthogonalityRatio(q)).toBe(0);
    expect(factorizationRatio(q, q, new Float64Array(4).fill(1), q)).toBe(0);
    const off = matrixFrom(4, 4, (i, j) => at(q, i, j) + (i === 0 && j === 1 ? 40 * Number.EPSILON : 0));
    expect(orthogonalityRatio(off)).toBe(10);
    expect(norm1(difference(off, q))).toBe(40 * Number.EPSILON);
    expect(() => difference(q, identityMatrix(3))).toThrow('expected shape [4,4], got [3,3]');
    expect(() => valuesRatio(new Float64Array(2), new Float64Array(3))).toThrow('expected 2 values, got 3');
  });

  it('are NaN when anything is, wherever it stands', () => {
    for (const where of [0, 1, 2]) {
      const list = Float64Array.from([3, 2, 1], (value, i) => (i === where ? NaN : value));
      const finite = new Float64Array([3, 2, 1]);
      const column = matrixFrom(3, 3, (i, j) => (i === 0 && j === where ? NaN : i + j));
      for (const ratio of [
        norm1(column),
        largestOf(column),
        orthogonalityRatio(column),
        factorizationRatio(column, identityMatrix(3), finite, identityMatrix(3)),
        valuesRatio(list, finite),
        valuesRatio(finite, list),
        apart(list, finite, 3),
        excess(list, [0, 0, 0], [1, 1, 1], 3),
        excess(finite, list, finite, 3),
        excess(finite, finite, list, 3),
      ]) {
        expect(ratio).toBeNaN();
      }
    }
  });

  it('do not depend on the scale', () => {
    const { matrix } = symmetricCase('random', 5, 1);
    const { values, vectors } = jacobiEigen(matrix);
    const transposed = matrixFrom(5, 5, (i, j) => at(vectors, j, i));
    const ratio = factorizationRatio(matrix, vectors, values.data, transposed);
    const large = factorizationRatio(scaled(matrix, 2 ** 1000), vectors, values.data.map((x) => x * 2 ** 1000), transposed); // prettier-ignore
    expect(large).toBe(ratio);
  });

  it('fail at 30 and at NaN, and the worst of each check and kind is kept', () => {
    const { family, kind, what } = symmetricCase('Hilbert', 3, 1);
    expectRatio('kit: planted', { kind, family, what }, 2);
    expectRatio('kit: planted', { kind, family, what: 'better' }, 1);
    expectRatio('kit: planted', 'a case by hand', 3);
    expect(worstRatios().filter(({ check }) => check === 'kit: planted')).toEqual([
      { check: 'kit: planted', kind: 'Hilbert', family: 'famous', ratio: 2, what },
      { check: 'kit: planted', kind: 'by hand', family: 'by hand', ratio: 3, what: 'a case by hand' },
    ]);
    expect(() => expectRatio('kit: refused', 'x', THRESHOLD)).toThrow('kit: refused: ratio 30, threshold 30, x');
    expect(() => expectRatio('kit: refused', 'x', NaN)).toThrow('ratio NaN');
  });
});

describe('tables', () => {
  const one = (check: string, kind: string, ratio: number): WorstRatio => ({ check, kind, family: kind === 'a' ? 'first' : 'second', ratio, what: `${kind}, n = 1` }); // prettier-ignore
  const ratios = mergeRatios([[one('f: x = y', 'a', 1), one('g: z', 'b', 0.001)], [one('f: x = y', 'a', 2.25), one('f, part: w', 'b', 12.4)]]); // prettier-ignore

  it('merge to the worst of each check and kind', () => {
    expect(ratios.map(({ check, kind, ratio }) => [check, kind, ratio])).toEqual([['f, part: w', 'b', 12.4], ['f: x = y', 'a', 2.25], ['g: z', 'b', 0.001]]); // prettier-ignore
    const kept = new Map<string, WorstRatio>();
    for (const ratio of [1, NaN, 3]) keepWorst(kept, one('f', 'a', ratio));
    expect([...kept.values()].map(({ ratio }) => ratio)).toEqual([NaN]);
  });

  it('show one line a routine, routine by kind, and markdown by family', () => {
    expect(summaryTable(ratios)).toBe('f  12  part: w | b, n = 1\ng  0   z | b, n = 1');
    expect(fullTable(ratios)).toBe('   f    g\na  2.3\nb  12   0');
    const markdown = markdownTable(ratios);
    expect(markdown.split('\n')[2]).toBe('| `f` | **12** | part: w · b | 2.3 | 12 |');
    expect(routinesOfMarkdown(markdown)).toEqual(['f', 'g']);
  });

  it('are found between the markers of a file', () => {
    expect(betweenMarkers(`a ${MARKERS[0]} b ${MARKERS[1]} c`)).toBe(' b ');
    expect(() => betweenMarkers(`${MARKERS[1]} ${MARKERS[0]}`)).toThrow('expected the markers');
  });
});

describe('facts against a solver', () => {
  it('known values are the values', () => {
    for (const { name, spectrum } of symmetricGallery) {
      const { matrix, what } = symmetricCase(name, 11, 5);
      if (spectrum !== undefined) expectRatio('kit: known spectrum', what, valuesRatio(jacobiEigen(matrix).values.data, Float64Array.from(spectrum(11)))); // prettier-ignore
    }
    for (const [m, n] of [
      [11, 6],
      [6, 11],
    ] as const) {
      // prettier-ignore
      for (const { name, singularValues } of generalGallery) {
        const { matrix, what } = generalCase(name, m, n, 5);
        if (singularValues !== undefined) expectRatio('kit: known singular values', what, valuesRatio(jacobiSvd(matrix).s.data, Float64Array.from(singularValues(m, n)))); // prettier-ignore
      }
    }
  });
});

/** By the definition in kind.ts. */
function scaleOf(matrix: Matrix): string | undefined {
  const largest = largestOf(matrix);
  if (largest === 0) return undefined;
  if (largest < 2 ** -1022) return 'subnormal'; // bound: the smallest normal double
  if (largest > 2 ** 400) return 'large';
  return largest < 2 ** -400 ? 'small' : undefined; // bound: squares below 2^-800 lose digits to underflow beside larger ones
}
