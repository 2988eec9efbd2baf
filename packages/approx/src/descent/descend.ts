/**
 * Descent on the true objective: every factor of a layer's approximation and its bias move together until the responses agree after
 * the nonlinearity.
 *
 *   min over F_1 … F_m, offset of Σ_i ‖r(y_i) − r(F_m … F_1 x_i + offset)‖²
 *
 * The alternation of Zhang et al. 2015, §2.2, lowers a relaxed objective, for the two factors of a channel decomposition only; here the
 * objective is the one that is meant, and any chain of factors can be solved: the two of a spatial decomposition, and the three of
 * asymmetric (3d), of which the paper optimises the last two. The search is limited-memory BFGS in whitened variables.
 * It starts where another solver ended and never ends at a higher objective. Cost per iteration: see chainObjective.ts, about
 * 1.1 evaluations.
 */

import { ShapeError, checkFinite, formatShape, isContiguous, referenceKernels, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { checkNonlinearity } from '../solve/nonlinearity.ts';
import { chainObjective, inputMoments } from './chainObjective.ts';
import type { ChainProblem } from './chainObjective.ts';
import { checkChain } from './factorChain.ts';
import type { Factor, FactorChain } from './factorChain.ts';
import { inputScaling } from './inputScaling.ts';
import type { InputScaling } from './inputScaling.ts';
import { checkMinimiser, limitedMemoryBfgs } from './limitedMemoryBfgs.ts';
import type { DescentTrace } from './limitedMemoryBfgs.ts';

export interface DescentOptions {
  /** Default 40. */
  readonly iterations?: number;
  readonly kernels?: Kernels;
}

export interface DescentSolution {
  readonly chain: FactorChain;
  /** The objective of the start and of the answer, relative to the best constant (responseError.ts). */
  readonly initial: number;
  readonly final: number;
  readonly trace: readonly DescentTrace[];
}

/**
 * Descends from a given chain, as a generator that yields after each iteration.
 * @param problem - input f32 [n, inputs], target f32 [n, d]
 * @param start - f64 factors that fit the problem; not changed
 * @throws ShapeError when the parts do not fit each other.
 * @throws DomainError when a value is not finite or the number of iterations is no integer ≥ 0.
 * @example
 * import { descend } from '@rankwise/approx';
 * import { fromNested, zeros } from '@rankwise/tensor';
 * const input = fromNested('f32', [[-2], [-1], [1], [2]]);
 * const start = { factors: [{ weight: fromNested('f64', [[1]]), strips: 1 }], offset: new Float64Array(1) };
 * // The target is 3 x + 1 where that is positive; what lies below does not count.
 * const target = fromNested('f32', [[-50], [-70], [4], [7]]);
 * const steps = descend({ input, target, nonlinearity: { kind: 'relu' } }, start);
 * let step = steps.next();
 * while (!step.done) step = steps.next();
 * Math.round(step.value.chain.factors[0].weight.data[0] * 100) / 100 // => 3
 */
export function* descend(
  problem: ChainProblem,
  start: FactorChain,
  options: DescentOptions = {},
): Generator<DescentTrace, DescentSolution, void> {
  const { iterations = 40, kernels = referenceKernels } = options;
  checkDescent(problem, start, iterations);
  const scalings = inputMoments(problem, start, kernels).map((moment) => inputScaling(moment, kernels));
  const objective = chainObjective(problem, start, kernels);
  const slopes: FactorChain = {
    factors: start.factors.map(({ weight, strips }) => ({ weight: zeros('f64', weight.shape), strips })),
    offset: new Float64Array(start.offset.length),
  };
  const evaluate = (point: Float64Array, gradient: Float64Array): number => {
    const value = objective(chainAt(point, start, scalings), slopes);
    writeInto(
      gradient,
      slopes.factors.map(({ weight }, i) => scalings[i]!.gradient(weight)),
      slopes.offset,
    );
    return value;
  };
  const origin = new Float64Array(sizeOfChain(start));
  writeInto(
    origin,
    start.factors.map((factor, i) => scalings[i]!.toScaled(factor)),
    start.offset,
  );
  const initial = objective(start);
  const { point, value, trace } = yield* limitedMemoryBfgs(evaluate, origin, { iterations });
  // Whitening there and back rounds: without a step the start itself is the answer.
  return value < initial
    ? { chain: chainAt(point, start, scalings), initial, final: value, trace }
    : { chain: start, initial, final: initial, trace };
}

function checkDescent({ input, target, nonlinearity }: ChainProblem, start: FactorChain, iterations: number): void {
  const [count = 0, inputs = 0] = input.shape;
  const fits = input.shape.length === 2 && target.shape.length === 2 && count >= 1 && count === target.shape[0];
  if (!fits) {
    const got = `${formatShape(input.shape)} and ${formatShape(target.shape)}`;
    throw new ShapeError(`descend: problem: expected input [n, inputs] and target [n, d] with n ≥ 1, got ${got}`);
  }
  for (const [argument, tensor] of Object.entries({ input, target })) {
    if (!isContiguous(tensor))
      throw new ShapeError(`descend: ${argument}: expected a contiguous tensor, got a strided view`);
    checkFinite('descend', argument, tensor);
  }
  const width = target.shape[1] ?? 0;
  checkNonlinearity('descend', nonlinearity, width);
  checkChain('descend', start, inputs, width);
  checkMinimiser('descend', iterations);
}

function sizeOfChain({ factors, offset }: FactorChain): number {
  return factors.reduce((size, { weight }) => size + weight.data.length, offset.length);
}

/** The variables in the order factors, offset. */
function writeInto(target: Float64Array, weights: readonly Tensor<'f64'>[], offset: Float64Array): void {
  let at = 0;
  for (const { data } of weights) {
    target.set(data, at);
    at += data.length;
  }
  target.set(offset, at);
}

function chainAt(point: Float64Array, layout: FactorChain, scalings: readonly InputScaling[]): FactorChain {
  let at = 0;
  const factors = layout.factors.map(({ weight, strips }, i): Factor => {
    const [out = 0, into = 0] = weight.shape;
    const part = point.subarray(at, at + out * into);
    at += out * into;
    return { weight: scalings[i]!.toWeight(part, out), strips };
  });
  return { factors, offset: point.slice(at) };
}
