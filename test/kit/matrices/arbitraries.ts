/**
 * fast-check arbitraries of gallery matrices. A case is drawn as (kind, size, seed), which is what a failure prints; the
 * matrix is made from it.
 */

import { createRandom } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { generalFamilies, generalGallery, symmetricFamilies, symmetricGallery } from './gallery.ts';
import type { Family } from './gallery.ts';
import type { GeneralKind, SymmetricKind } from './kinds/kind.ts';
import { timesPowerOfTwo } from './matrix.ts';
import type { Matrix } from './matrix.ts';

export interface MatrixCase {
  /** Its name in the gallery. */
  readonly kind: string;
  /** The gallery's group of kinds. */
  readonly family: string;
  /** Kind, shape and seed, for failure messages. */
  readonly what: string;
  readonly matrix: Matrix;
  /** A stream for whatever else the property draws. */
  readonly random: Random;
  /** How fast-check prints the case. */
  readonly [fc.toStringMethod]: () => string;
}

/** With what is known of its kind. */
export interface SymmetricCase extends MatrixCase {
  readonly entry: SymmetricKind;
}

/** With what is known of its kind. */
export interface GeneralCase extends MatrixCase {
  readonly entry: GeneralKind;
}

/** Small sizes, and sizes around the groups of 2, 4 and 32 that the routines work in. */
export const sizes: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33];

/**
 * Sizes of cases: small ones mostly; around a block of 32 now and then; around two blocks rarely, as these take as long as
 * hundreds of small ones. Shrinks to small sizes.
 */
export const matrixSizes: fc.Arbitrary<number> = fc.oneof(
  { weight: 24, arbitrary: fc.constantFrom(0, 1, 2, 3, 4, 5, 7, 8, 9) },
  { weight: 10, arbitrary: fc.constantFrom(15, 16, 17, 24) },
  { weight: 8, arbitrary: fc.constantFrom(31, 32, 33) },
  { weight: 1, arbitrary: fc.constantFrom(63, 64, 65) },
);

export const seeds: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** Which side is longer. */
export type Shape = 'any' | 'square' | 'tall' | 'wide';

export interface SymmetricCaseOptions {
  readonly size?: fc.Arbitrary<number>;
}

export interface GeneralCaseOptions {
  /** 'tall' and 'wide' include square. Default 'any'. */
  readonly shape?: Shape;
  readonly keep?: (kind: GeneralKind) => boolean;
  readonly size?: fc.Arbitrary<number>;
}

/** A symmetric matrix of any kind for which `keep` holds. */
export function symmetricCases(
  keep: (kind: SymmetricKind) => boolean = () => true,
  { size = matrixSizes }: SymmetricCaseOptions = {},
): fc.Arbitrary<SymmetricCase> {
  return fc
    .record({ kind: fc.constantFrom(...symmetricGallery.filter(keep).map(({ name }) => name)), n: size, seed: seeds })
    .map(({ kind, n, seed }) => symmetricCase(kind, n, seed));
}

/** A matrix of any kind and shape. */
export function generalCases({
  shape = 'any',
  keep = () => true,
  size = matrixSizes,
}: GeneralCaseOptions = {}): fc.Arbitrary<GeneralCase> {
  return fc
    .record({
      kind: fc.constantFrom(...generalGallery.filter(keep).map(({ name }) => name)),
      m: size,
      n: size,
      seed: seeds,
    })
    .map(({ kind, m, n, seed }) => {
      const [rows, columns] = shaped(shape, m, n);
      return generalCase(kind, rows, columns, seed);
    });
}

/**
 * The case a failure message names.
 * @param exponent - the matrix is multiplied by 2^exponent; for kinds without a scale of their own
 */
export function symmetricCase(kind: string, n: number, seed: number, exponent = 0): SymmetricCase {
  const random = createRandom(seed);
  const { family, entry } = found('symmetricCase', symmetricFamilies, kind);
  const what = `${kind}, n = ${n}, seed = ${seed}`;
  if (exponent === 0) return { ...labelled(kind, family, what, entry.make(n, random), random), entry };
  const { spectrum: _, ...rest } = entry;
  const matrix = timesPowerOfTwo(entry.make(n, random), exponent);
  return { ...labelled(kind, family, `${what}, times 2^${exponent}`, matrix, random), entry: rest };
}

/**
 * The case a failure message names.
 * @param exponent - the matrix is multiplied by 2^exponent; for kinds without a scale of their own
 */
export function generalCase(kind: string, m: number, n: number, seed: number, exponent = 0): GeneralCase {
  const random = createRandom(seed);
  const { family, entry } = found('generalCase', generalFamilies, kind);
  const what = `${kind}, ${m} x ${n}, seed = ${seed}`;
  if (exponent === 0) return { ...labelled(kind, family, what, entry.make(m, n, random), random), entry };
  const { singularValues: _, ...rest } = entry;
  const matrix = timesPowerOfTwo(entry.make(m, n, random), exponent);
  return { ...labelled(kind, family, `${what}, times 2^${exponent}`, matrix, random), entry: rest };
}

function found<K extends { readonly name: string }>(
  caller: string,
  families: readonly Family<K>[],
  kind: string,
): { family: string; entry: K } {
  for (const { family, kinds } of families) {
    const entry = kinds.find(({ name }) => name === kind);
    if (entry !== undefined) return { family, entry };
  }
  throw new Error(`${caller}: kind: expected one of the gallery, got ${kind}`);
}

function labelled(kind: string, family: string, what: string, matrix: Matrix, random: Random): MatrixCase {
  return { kind, family, what, matrix, random, [fc.toStringMethod]: () => what };
}

function shaped(shape: Shape, m: number, n: number): [rows: number, columns: number] {
  if (shape === 'square') return [n, n];
  if (shape === 'any' || (shape === 'tall') === m >= n) return [m, n];
  return [n, m];
}
