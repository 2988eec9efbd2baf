/**
 * Kinds of matrices that break linear algebra, in the spirit of LAPACK's dchkst, dchksy, dchkbd and dchkge: known spectra
 * between random orthogonal factors, extremes of scale, exact and near rank deficiency, grading, famous matrices.
 *
 * Each kind makes a matrix of any size from a stream of random numbers; n = 0 gives an empty one. What is known of a kind
 * without computing (spectrum, inertia, rank, definiteness, scale) stands beside it for the laws to use.
 */

import { bidiagonalKinds } from './kinds/bidiagonal.ts';
import { deficientKinds, gradedKinds } from './kinds/deficient.ts';
import { famousGeneralKinds } from './kinds/famousGeneral.ts';
import { famousSymmetricKinds } from './kinds/famousSymmetric.ts';
import { generalScaleKinds, generalSpectralKinds } from './kinds/generalSpectra.ts';
import type { GeneralKind, SymmetricKind } from './kinds/kind.ts';
import { structuredKinds } from './kinds/symmetricStructures.ts';
import { spectralKinds, symmetricScaleKinds } from './kinds/symmetricSpectra.ts';
import { tridiagonalKinds } from './kinds/tridiagonal.ts';

export type { GeneralKind, Inertia, Scale, SymmetricKind } from './kinds/kind.ts';
export { at, matrixFrom, multiply, randomMatrix, randomOrthonormal, scaled, symmetrized } from './matrix.ts';
export type { Matrix } from './matrix.ts';
export { conjugated, spectra, withSingularValues } from './spectra.ts';

/** Kinds of one sort, under the name by which tables group them. */
export interface Family<K> {
  readonly family: string;
  readonly kinds: readonly K[];
}

export const symmetricFamilies: readonly Family<SymmetricKind>[] = [
  { family: 'spectra', kinds: spectralKinds },
  { family: 'scales', kinds: symmetricScaleKinds },
  { family: 'structures', kinds: structuredKinds },
  { family: 'tridiagonal', kinds: tridiagonalKinds },
  { family: 'famous', kinds: famousSymmetricKinds },
];

export const generalFamilies: readonly Family<GeneralKind>[] = [
  { family: 'spectra', kinds: generalSpectralKinds },
  { family: 'scales', kinds: generalScaleKinds },
  { family: 'deficient', kinds: deficientKinds },
  { family: 'graded', kinds: gradedKinds },
  { family: 'bidiagonal', kinds: bidiagonalKinds },
  { family: 'famous', kinds: famousGeneralKinds },
];

export const symmetricGallery: readonly SymmetricKind[] = symmetricFamilies.flatMap(({ kinds }) => kinds);

export const generalGallery: readonly GeneralKind[] = generalFamilies.flatMap(({ kinds }) => kinds);
