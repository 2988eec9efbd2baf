/**
 * fast-check arbitraries of gallery matrices. A case is drawn as (kind, size, seed), which is what a failure prints; the
 * matrix is made from it.
 */

import { createRandom } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { generalGallery, symmetricGallery } from './gallery.ts';
import type { Matrix, SymmetricKind } from './gallery.ts';

export interface MatrixCase {
  /** Its name in the gallery. */
  readonly kind: string;
  /** Kind, shape and seed, for failure messages. */
  readonly what: string;
  readonly matrix: Matrix;
  /** A stream for whatever else the property draws. */
  readonly random: Random;
  /** How fast-check prints the case. */
  readonly [fc.toStringMethod]: () => string;
}

/** Small sizes, and sizes around the groups of 2, 4 and 32 that the routines work in. */
export const sizes: readonly number[] = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33];

export const seeds: fc.Arbitrary<number> = fc.integer({ min: 0, max: 2 ** 31 - 1 });

/** A symmetric matrix of any kind for which `keep` holds. */
export function symmetricCases(keep: (kind: SymmetricKind) => boolean = () => true): fc.Arbitrary<MatrixCase> {
  return fc
    .record({
      kind: fc.constantFrom(...symmetricGallery.filter(keep).map(({ name }) => name)),
      n: fc.constantFrom(...sizes),
      seed: seeds,
    })
    .map(({ kind, n, seed }) => symmetricCase(kind, n, seed));
}

/** A matrix of any kind and shape. */
export function generalCases(): fc.Arbitrary<MatrixCase> {
  return fc
    .record({
      kind: fc.constantFrom(...generalGallery.map(({ name }) => name)),
      m: fc.constantFrom(...sizes),
      n: fc.constantFrom(...sizes),
      seed: seeds,
    })
    .map(({ kind, m, n, seed }) => generalCase(kind, m, n, seed));
}

/** The case a failure message names. */
export function symmetricCase(kind: string, n: number, seed: number): MatrixCase {
  const random = createRandom(seed);
  const found = symmetricGallery.find(({ name }) => name === kind);
  if (found === undefined) throw new Error(`symmetricCase: kind: expected one of the gallery, got ${kind}`);
  return labelled(kind, `${kind}, n = ${n}, seed = ${seed}`, found.make(n, random), random);
}

/** The case a failure message names. */
export function generalCase(kind: string, m: number, n: number, seed: number): MatrixCase {
  const random = createRandom(seed);
  const found = generalGallery.find(({ name }) => name === kind);
  if (found === undefined) throw new Error(`generalCase: kind: expected one of the gallery, got ${kind}`);
  return labelled(kind, `${kind}, ${m} x ${n}, seed = ${seed}`, found.make(m, n, random), random);
}

function labelled(kind: string, what: string, matrix: Matrix, random: Random): MatrixCase {
  return { kind, what, matrix, random, [fc.toStringMethod]: () => what };
}
