/** What the energy of a rank is, by layer name: of the responses' principal components, or of the filters' singular values. */

import type { Kernels } from '@rankwise/tensor';
import type { Decomposition } from '../decomposition/decomposition.ts';
import { filterSpectrum } from '../decomposition/filterReconstruction.ts';
import { findConvolution } from '../decomposition/installFactors.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import type { Calibration } from './calibrate.ts';

/** Descending, of every calibrated layer. */
export function rankEnergies(
  { model, layers }: Calibration,
  decomposition: Decomposition,
  kernels: Kernels,
): Record<string, ArrayLike<number>> {
  return ownRecord(
    layers.map(({ layer: { name }, energies }) => {
      if (decomposition !== 'spatial') return [name, energies] as const;
      return [name, filterSpectrum(findConvolution('approximate', model, name).weight, kernels)] as const;
    }),
  );
}
