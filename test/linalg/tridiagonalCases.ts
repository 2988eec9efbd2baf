/** The tridiagonal kinds of the gallery, as the two diagonals that the tridiagonal routines take. */

import { tensorOf } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import { symmetricCase } from '../kit/matrices/arbitraries.ts';
import type { SymmetricCase } from '../kit/matrices/arbitraries.ts';
import { at, symmetricGallery } from '../kit/matrices/gallery.ts';
import type { Matrix } from '../kit/matrices/gallery.ts';

export interface TridiagonalCase extends SymmetricCase {
  readonly diagonal: Tensor<'f64'>;
  readonly coupling: Tensor<'f64'>;
}

function isTridiagonal(matrix: Matrix): boolean {
  const [n = 0] = matrix.shape;
  for (let i = 0; i < n; i++) for (let j = 0; j + 1 < i; j++) if (at(matrix, i, j) !== 0) return false;
  return true;
}

export const tridiagonalKinds: readonly string[] = symmetricGallery
  .filter(({ name }) => isTridiagonal(symmetricCase(name, 7, 1).matrix))
  .map(({ name }) => name);

export function tridiagonalCase(kind: string, n: number, seed: number): TridiagonalCase {
  const one = symmetricCase(kind, n, seed);
  return { ...one, ...diagonalsOf(one.matrix) };
}

export function diagonalsOf(matrix: Matrix): { diagonal: Tensor<'f64'>; coupling: Tensor<'f64'> } {
  const [n = 0] = matrix.shape;
  const below = Math.max(n - 1, 0);
  return {
    diagonal: tensorOf(
      Float64Array.from({ length: n }, (_, i) => at(matrix, i, i)),
      [n],
    ),
    coupling: tensorOf(
      Float64Array.from({ length: below }, (_, i) => at(matrix, i + 1, i)),
      [below],
    ),
  };
}
