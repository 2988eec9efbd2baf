/**
 * Limited-memory BFGS: minimises a function of many variables from its values and gradients.
 *
 *   x ← x − t H g,   H ≈ (second derivative)⁻¹ from the last m pairs s = Δx, y = Δg by the two-loop recursion
 *
 * Each step starts at t = 1 and is halved, then cut to a fifth, until the value falls by at least 10⁻⁴ of what the slope promises (Armijo), so
 * values never rise. A pair whose curvature sᵀy is not clearly positive is left out, which keeps H positive definite; where no step
 * lowers the value the pairs are forgotten, and where the plain gradient does not either, the search has ended. All of it is
 * deterministic.
 *
 * Source: Nocedal 1980, "Updating quasi-Newton matrices with limited storage"; Nocedal and Wright 2006, algorithms 7.4, 7.5 and 3.1.
 * The 10⁻⁴ is theirs. Cost per step beside the objective: 4 m products of vectors.
 */

import { DomainError } from '@rankwise/tensor';

/** Writes the gradient at `point` into `gradient` and returns the value. */
export type Objective = (point: Float64Array, gradient: Float64Array) => number;

export interface DescentTrace {
  readonly iteration: number;
  readonly value: number;
  /** Values and gradients computed so far. */
  readonly evaluations: number;
}

export interface Minimum {
  readonly point: Float64Array;
  readonly value: number;
  readonly evaluations: number;
  readonly trace: readonly DescentTrace[];
}

export interface MinimiserOptions {
  readonly iterations: number;
  /** m, pairs kept; default 20. */
  readonly memory?: number;
}

/** Share of the promised decrease that a step must bring (Nocedal and Wright 2006, §3.1: "c₁ is chosen to be quite small, say 10⁻⁴"). */
const sufficientDecrease = 2 ** -13;

/** Cuts before a direction is given up: 2 halvings and 8 fifths are a factor of 1.6 million. */
const mostCuts = 10;

/** The first step, which has no curvature to go by, moves the point by this part of its length. */
const firstMove = 1 / 128;

/** A pair with a smaller cosine between s and y is dominated by the rounding of a gradient formed in f32. */
const leastCosine = 2 ** -24;

interface Pair {
  readonly step: Float64Array;
  readonly change: Float64Array;
  readonly product: number;
}

/**
 * Minimises as a generator that yields after each accepted step, for callers that share the thread with others.
 * @param start - copied, not changed
 * @returns the best point, whose value is at most that of the start; fewer steps than asked for where none lowers the value any more
 * @throws DomainError when the number of iterations or pairs is no integer ≥ 0 or ≥ 1, or the value at the start is not finite.
 * @example
 * import { limitedMemoryBfgs } from '@rankwise/approx';
 * // (x − 3)² + 4 (y + 1)².
 * const steps = limitedMemoryBfgs(
 *   ([x = 0, y = 0], gradient) => {
 *     gradient.set([2 * (x - 3), 8 * (y + 1)]);
 *     return (x - 3) ** 2 + 4 * (y + 1) ** 2;
 *   },
 *   new Float64Array(2),
 *   { iterations: 20 },
 * );
 * let step = steps.next();
 * while (!step.done) step = steps.next();
 * Array.from(step.value.point, Math.round) // => [3, -1]
 */
export function* limitedMemoryBfgs(
  objective: Objective,
  start: Float64Array,
  options: MinimiserOptions,
): Generator<DescentTrace, Minimum, void> {
  const { iterations, memory = 20 } = options;
  checkMinimiser('limitedMemoryBfgs', iterations, memory);
  let point: Float64Array = start.slice();
  let gradient: Float64Array = new Float64Array(point.length);
  let value = objective(point, gradient);
  if (!Number.isFinite(value)) throw new DomainError(`limitedMemoryBfgs: start: expected a finite value, got ${value}`);
  let evaluations = 1;
  let pairs: Pair[] = [];
  const trace: DescentTrace[] = [];
  while (trace.length < iterations) {
    const direction = searchDirection(point, gradient, pairs);
    const found = search(objective, point, value, gradient, direction);
    evaluations += found.evaluations;
    if (found.point === undefined) {
      if (pairs.length === 0) break;
      pairs = [];
      continue;
    }
    pairs = remember(pairs, pairOf(point, found.point, gradient, found.gradient), memory);
    ({ point, value, gradient } = found);
    trace.push({ iteration: trace.length, value, evaluations });
    yield trace.at(-1)!;
  }
  return { point, value, evaluations, trace };
}

/** Refuses numbers of iterations and pairs that mean nothing. */
export function checkMinimiser(caller: string, iterations: number, memory = 1): void {
  if (!Number.isInteger(iterations) || iterations < 0) {
    throw new DomainError(`${caller}: iterations: expected an integer ≥ 0, got ${iterations}`);
  }
  if (!Number.isInteger(memory) || memory < 1) {
    throw new DomainError(`${caller}: memory: expected an integer ≥ 1, got ${memory}`);
  }
}

/** −H g by the two-loop recursion; without pairs −g, so long that it moves the point a little. */
function searchDirection(point: Float64Array, gradient: Float64Array, pairs: readonly Pair[]): Float64Array {
  const direction = gradient.map((slope) => -slope);
  const last = pairs.at(-1);
  if (last === undefined) {
    const length = Math.sqrt(dot(gradient, gradient));
    const move = firstMove * Math.max(1, Math.sqrt(dot(point, point)));
    scaleInPlace(direction, length > 0 ? move / length : 0);
    return direction;
  }
  const weights: number[] = [];
  for (const { step, change, product } of pairs.toReversed()) {
    const weight = dot(step, direction) / product;
    addScaledInPlace(direction, change, -weight);
    weights.push(weight);
  }
  scaleInPlace(direction, last.product / dot(last.change, last.change));
  for (const { step, change, product } of pairs) {
    const weight = (weights.pop() ?? 0) - dot(change, direction) / product;
    addScaledInPlace(direction, step, weight);
  }
  return direction;
}

type Found =
  | {
      readonly point: Float64Array;
      readonly gradient: Float64Array;
      readonly value: number;
      readonly evaluations: number;
    }
  | { readonly point: undefined; readonly evaluations: number };

function search(
  objective: Objective,
  point: Float64Array,
  value: number,
  gradient: Float64Array,
  direction: Float64Array,
): Found {
  const slope = dot(gradient, direction);
  if (!(slope < 0)) return { point: undefined, evaluations: 0 };
  const trial = { point: new Float64Array(point.length), gradient: new Float64Array(point.length) };
  let length = 1;
  for (let cut = 0; cut <= mostCuts; cut++) {
    for (let i = 0; i < point.length; i++) trial.point[i] = point[i]! + length * direction[i]!;
    const reached = objective(trial.point, trial.gradient);
    if (reached <= value + sufficientDecrease * length * slope) {
      return { ...trial, value: reached, evaluations: cut + 1 };
    }
    length *= cut < 2 ? 0.5 : 0.2;
  }
  return { point: undefined, evaluations: mostCuts + 1 };
}

function pairOf(from: Float64Array, to: Float64Array, before: Float64Array, after: Float64Array): Pair {
  const step = to.map((value, i) => value - from[i]!);
  const change = after.map((value, i) => value - before[i]!);
  return { step, change, product: dot(step, change) };
}

function remember(pairs: readonly Pair[], pair: Pair, memory: number): Pair[] {
  const { step, change, product } = pair;
  const curved = product > leastCosine * Math.sqrt(dot(step, step) * dot(change, change));
  return curved ? [...pairs, pair].slice(-memory) : [...pairs];
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function addScaledInPlace(target: Float64Array, other: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! += factor * other[i]!;
}

function scaleInPlace(target: Float64Array, factor: number): void {
  for (let i = 0; i < target.length; i++) target[i]! *= factor;
}
