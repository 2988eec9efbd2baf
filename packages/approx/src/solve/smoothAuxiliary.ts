/**
 * Step (ii) for smooth activations: the global minimiser over all z of
 *
 *   f(z) = (t − r(z))² + λ (z − y')²,   t = r(y);   f'/2 = λ (z − y') − (t − r) r',   f''/2 = λ + r'² − (t − r) r''
 *
 * f has up to three minima, so the line is searched by intervals (E. Hansen, "Global optimization using interval analysis: the
 * one-dimensional case", J. Optim. Theory Appl. 29 (1979)). The ranges of r, r' and r'' over an interval are exact (smoothCurve.ts);
 * they bound f and f'', and f' through its values at the ends. An interval is done with when
 *
 * - f is nowhere below the least value found so far, or f' keeps its sign, or f'' < 0: its ends, which are weighed, are its best points;
 * - f'' > 0: its one minimum is found by Newton's method, kept inside the bracket by bisection;
 * - its width w is below 2^-20: f' and f'' both nearly vanish within, |f''| = O(w), |f'| = O(w²), so f varies by O(w³) = 2^-60.
 *
 * Otherwise it is halved. Every point of the first interval lies in one of these, so no minimiser is missed, up to the rounding of the
 * bounds, which moves f no more than the rounding of f itself. The first interval holds every minimiser: beyond y and y' both terms
 * grow where r is monotone; where r has a minimum (gelu, silu) that holds to the right of y, y' and 0, and to the left
 * λ (z − y')² ≤ f(z) ≤ f(y') bounds z.
 *
 * Cost: mostly one interval, 6 to 12 evaluations of r, r', r'', near a microsecond; at worst, where two minima of f merge, a thousand.
 */

import { ConvergenceError } from '@rankwise/tensor';
import type { SmoothActivation } from '@rankwise/nn';
import type { ScalarResponse } from './nonlinearity.ts';
import { smoothCurves } from './smoothCurve.ts';
import type { CurvePoint, SmoothCurve } from './smoothCurve.ts';

/** r, r', r'' vary on the scale of 1, so cubes of this vanish beside 1. */
const leastWidth = 2 ** -20;
/** Several times what the merging of two minima takes, the worst case: cells of leastWidth within its square root. */
const mostIntervals = 10_000;
/** Every second step halves the bracket or the step before, and doubles have 2^11 exponents at most to halve through. */
const mostNewtonSteps = 5000;
/** After a Newton step of this relative size the next would be its square. */
const lastStep = 2 ** -36;

/** The functions of a smooth activation. */
export function smoothResponse(kind: SmoothActivation): ScalarResponse {
  const curve = smoothCurves[kind];
  return {
    value: (x) => curve.at(x).value,
    derivative: (x) => curve.at(x).slope,
    auxiliary: (observed, predicted, lambda) => smoothAuxiliary(curve, observed, predicted, lambda),
  };
}

/** One element's problem, and the best point so far. */
interface Search {
  readonly curve: SmoothCurve;
  /** t. */
  readonly target: number;
  /** y'. */
  readonly predicted: number;
  readonly lambda: number;
  best: number;
  least: number;
}

/** A point with what r does there. */
interface Knot {
  readonly z: number;
  readonly at: CurvePoint;
}

/**
 * The minimiser z for one element; of minima of equal cost the one found first, which is always the same.
 * @param observed - y
 * @param predicted - y'
 * @param lambda - λ > 0
 * @throws ConvergenceError when the search does not end, which bounds on its intervals exclude.
 */
export function smoothAuxiliary(curve: SmoothCurve, observed: number, predicted: number, lambda: number): number {
  const own = { z: observed, at: curve.at(observed) };
  const start = { z: predicted, at: curve.at(predicted) };
  const target = own.at.value;
  const miss = target - start.at.value;
  if (miss === 0) return predicted;
  const search: Search = { curve, target, predicted, lambda, best: predicted, least: miss * miss };
  weigh(search, observed, target);
  const lower = observed < predicted ? own : start;
  const upper = observed < predicted ? start : own;
  if (curve.valueTurns.length === 0) {
    divide(search, lower, upper);
  } else {
    const reach = predicted - Math.abs(miss) / Math.sqrt(lambda);
    divide(search, reach < lower.z ? weighedKnot(search, reach) : lower, upper.z < 0 ? weighedKnot(search, 0) : upper);
  }
  return search.best;
}

/** Searches between two knots, halving what is not settled. */
function divide(search: Search, first: Knot, last: Knot): void {
  if (settled(search, first, last)) return;
  // The ends of adjoining intervals, the leftmost on top; the topmost interval is not settled.
  const open: Knot[] = [last, first];
  for (let intervals = 0; open.length > 1; intervals++) {
    if (intervals === mostIntervals) {
      throw new ConvergenceError('smoothAuxiliary: expected an end of the search', intervals, search.least);
    }
    const left = open.pop()!;
    const right = open.at(-1)!;
    const middle = 0.5 * (left.z + right.z);
    const narrow = right.z - left.z <= leastWidth || middle <= left.z || middle >= right.z;
    if (narrow || (intervals > 0 && settled(search, left, right))) continue;
    open.push(weighedKnot(search, middle), left);
  }
}

function weighedKnot(search: Search, z: number): Knot {
  const at = search.curve.at(z);
  weigh(search, z, at.value);
  return { z, at };
}

function weigh(search: Search, z: number, value: number): void {
  const outer = search.target - value;
  const inner = z - search.predicted;
  const cost = outer * outer + search.lambda * inner * inner;
  if (cost < search.least) {
    search.least = cost;
    search.best = z;
  }
}

/** Whether no better point lies between the two; where f is convex, its minimum is found and weighed. */
function settled(search: Search, left: Knot, right: Knot): boolean {
  const { curve, target, predicted, lambda } = search;
  const a = left.at;
  const b = right.at;
  let lowest = Math.min(a.value, b.value);
  let highest = Math.max(a.value, b.value);
  for (const turn of curve.valueTurns) {
    if (turn.x > left.z && turn.x < right.z) {
      lowest = Math.min(lowest, turn.value);
      highest = Math.max(highest, turn.value);
    }
  }
  const outer = Math.max(0, target - highest, lowest - target);
  const inner = Math.max(0, predicted - right.z, left.z - predicted);
  if (outer * outer + lambda * inner * inner >= search.least) return true;

  let flattest = Math.min(a.slope, b.slope);
  let steepest = Math.max(a.slope, b.slope);
  for (const turn of curve.slopeTurns) {
    if (turn.x > left.z && turn.x < right.z) {
      flattest = Math.min(flattest, turn.slope);
      steepest = Math.max(steepest, turn.slope);
    }
  }
  let leastBend = Math.min(a.curvature, b.curvature);
  let mostBend = Math.max(a.curvature, b.curvature);
  for (const turn of curve.curvatureTurns) {
    if (turn.x > left.z && turn.x < right.z) {
      leastBend = Math.min(leastBend, turn.curvature);
      mostBend = Math.max(mostBend, turn.curvature);
    }
  }
  // (t − r) r'' over the interval: the extremes of a product of two ranges are at their ends.
  const down = target - highest;
  const up = target - lowest;
  const mostPull = Math.max(down * leastBend, down * mostBend, up * leastBend, up * mostBend);
  const leastPull = Math.min(down * leastBend, down * mostBend, up * leastBend, up * mostBend);
  const leastSquare = flattest <= 0 && steepest >= 0 ? 0 : Math.min(flattest * flattest, steepest * steepest);
  const low = lambda + leastSquare - mostPull;
  const high = lambda + Math.max(flattest * flattest, steepest * steepest) - leastPull;
  if (high < 0) return true;
  const descentLeft = gradient(search, left);
  const descentRight = gradient(search, right);
  if (low <= 0) {
    // f'/2 lies above two lines of slopes low and high through its ends, and below the two with the slopes exchanged.
    const reach = -low * high * (right.z - left.z);
    return high * descentLeft - low * descentRight > reach || high * descentRight - low * descentLeft < -reach;
  }
  if (descentLeft < 0 && descentRight > 0) descend(search, left, right);
  return true;
}

/** f'/2. */
function gradient({ lambda, predicted, target }: Search, { z, at }: Knot): number {
  return lambda * (z - predicted) - (target - at.value) * at.slope;
}

/** Weighs the minimum of f over an interval in which it is convex. */
function descend(search: Search, left: Knot, right: Knot): void {
  const { curve, target, predicted, lambda } = search;
  let low = left.z;
  let high = right.z;
  // y' is where the alternation has brought z before, so it is near.
  let z = low === predicted || high === predicted ? predicted : 0.5 * (low + high);
  let before = high - low;
  let step = before;
  for (let count = 0; count < mostNewtonSteps; count++) {
    const { value, slope, curvature } = curve.at(z);
    const descent = lambda * (z - predicted) - (target - value) * slope;
    if (descent < 0) low = z;
    else high = z;
    const newton = z - descent / (lambda + slope * slope - (target - value) * curvature);
    const next = newton >= low && newton <= high && 2 * Math.abs(newton - z) <= before ? newton : 0.5 * (low + high);
    before = Math.abs(step);
    step = next - z;
    z = next;
    if (Math.abs(step) <= lastStep * (Math.abs(z) + Math.abs(predicted))) {
      weigh(search, z, curve.at(z).value);
      return;
    }
  }
  throw new ConvergenceError('smoothAuxiliary: expected a minimum', mostNewtonSteps, Math.abs(step));
}
