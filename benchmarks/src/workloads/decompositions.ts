/**
 * Linear algebra in f64: the decompositions that the solvers lean on, of matrices without structure.
 *
 * | routine    | of                                     | gives, one after the other, row-major            |
 * |------------|----------------------------------------|--------------------------------------------------|
 * | eigen      | (B + Bᵀ) / 2                           | values [count], vectors [n, count]               |
 * | svd        | B                                      | s [n], u [n, n], v [n, n]                        |
 * | qr         | B                                      | q [n, n], r [n, n]                               |
 * | regression | C = B Bᵀ / m, B [n, m], and a cross    | left [n, count], right [count, n]                |
 *
 * B is normal; with m = 4n, C has a condition near 9. Values may come in any order, with their vectors. The regression is
 * what an iteration of the nonlinear solver does whatever the number of its samples, but for two products.
 */

import { createRandom, referenceKernels, transpose, zeros } from '@rankwise/tensor';
import type { Shape, Tensor } from '@rankwise/tensor';

import { matmulWorkload } from './matmuls.ts';
import { seed } from './workload.ts';
import type { DecompositionWorkload, PreparedDecomposition, Workload } from './workload.ts';

/** Filters of a layer of the 7-convolution model, and the rank that 4× leaves of them. */
const filters = 512;
const rank = 115;
const large = 1024;
const samplesOfFilter = 4;

/** One set each. */
export function linearAlgebra(): Workload[] {
  return [
    decomposition('eigen', filters, filters, 'eigenvalues and vectors of a symmetric matrix'),
    decomposition('eigen', filters, rank, `the ${rank} largest eigenvalues and their vectors`),
    decomposition('svd', filters, filters, 'thin SVD with vectors'),
    decomposition('qr', filters, filters, 'QR, both factors'),
    { ...matmulWorkload('linalg', 'f64', filters, filters, filters), name: `linalg/product-${filters}` },
    decomposition(
      'regression',
      filters,
      rank,
      `reduced-rank regression to rank ${rank}, the fixed part of a solver's iteration`,
    ),
    decomposition('eigen', large, large, 'eigenvalues and vectors of a symmetric matrix'),
    decomposition('svd', large, large, 'thin SVD with vectors'),
  ];
}

function decomposition(
  routine: DecompositionWorkload['routine'],
  n: number,
  count: number,
  what: string,
): DecompositionWorkload {
  const name = `linalg/${routine}-${n}${count === n ? '' : `-${count}`}`;
  const description = `${what}, [${n}, ${n}] f64`;
  return { kind: 'decomposition', group: 'linalg', name, description, macs: 0, routine, n, count };
}

export function prepareDecomposition(workload: DecompositionWorkload): PreparedDecomposition {
  const { routine, n } = workload;
  if (routine === 'regression') {
    const samples = samplesOfFilter * n;
    return { workload, a: moment(normal([n, samples], 'samples')), cross: normal([n, n], 'cross') };
  }
  const a = normal([n, n], 'a');
  return { workload, a: routine === 'eigen' ? symmetricPart(a) : a };
}

function normal(shape: Shape, label: string): Tensor<'f64'> {
  return createRandom(seed).fork(label).fillNormalInPlace(zeros('f64', shape));
}

/** B Bᵀ / m, the same on both sides of its diagonal. */
function moment(samples: Tensor<'f64'>): Tensor<'f64'> {
  const [n = 0, count = 1] = samples.shape;
  const out = zeros('f64', [n, n]);
  referenceKernels.matmul({ a: samples, b: transpose(samples), out, alpha: 1 / count });
  return symmetricPart(out);
}

function symmetricPart(b: Tensor<'f64'>): Tensor<'f64'> {
  const [n = 0] = b.shape;
  const out = zeros('f64', [n, n]);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) out.data[i * n + j] = (b.data[i * n + j]! + b.data[j * n + i]!) / 2;
  }
  return out;
}
