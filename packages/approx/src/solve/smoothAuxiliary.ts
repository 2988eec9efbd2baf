/**
 * Step (ii) for smooth activations: the global minimiser over all z of
 *
 *   f(z) = (t − r(z))² + λ (z − y')²,   t = r(y);   f'/2 = λ (z − y') − (t − r) r',   f''/2 = λ + r'² − (t − r) r''
 *
 * f has up to three minima, so the line is searched by intervals (Moore 1966; Hansen 1980, "Global optimization using interval
 * analysis: the one-dimensional case", J. Optim. Theory Appl. 29). The ranges of r, r' and r'' over an interval are exact
 * (smoothCurve.ts), and bound f, f' and f'' there. An interval is done with when
 *
 * - f is nowhere below the least value found so far, or f' keeps its sign, or f'' < 0: its ends, which are weighed, are its best points;
 * - f'' > 0: its one minimum is found by Newton's method, kept inside the bracket by bisection;
 * - it is narrower than 2^-20: as f' and f'' both vanish within, f varies by 2^-60 of its scale there.
 *
 * Otherwise it is halved. So no minimiser is missed: every point lies in an interval of one of these kinds, up to the rounding of the
 * bounds, which moves f no more than the rounding of f itself.
 *
 * The first interval holds every minimiser. Beyond y and y' both terms grow where r is monotone. Where r has a minimum (gelu, silu)
 * that holds to the right of y, y' and 0; to the left, λ (z − y')² ≤ f(z) ≤ f(y') bounds z.
 *
 * Cost: mostly one interval and four to eight evaluations of r, about half a microsecond; a few dozen intervals for small λ.
 */

import { ConvergenceError } from '@rankwise/tensor';
import type { SmoothActivation } from '@rankwise/nn';
import type { ScalarResponse } from './nonlinearity.ts';
import { smoothCurves } from './smoothCurve.ts';
import type { CurvePoint, SmoothCurve, Turn } from './smoothCurve.ts';

/** r, r', r'' vary on the scale of 1, so cubes of this vanish beside 1. */
const leastWidth = 2 ** -20;
/** Far more than ever needed (the tests count less than 200). */
const mostIntervals = 10_000;
/** Each bisection halves a bracket, and every third step at least is one as good. */
const mostNewtonSteps = 400;
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
interface Knot extends CurvePoint {
  readonly z: number;
}

/**
 * The minimiser z for one element; of minima of equal cost the one found first, which is always the same.
 * @param observed - y
 * @param predicted - y'
 * @param lambda - λ > 0
 * @throws ConvergenceError when the search does not end, which bounds on its intervals exclude.
 */
export function smoothAuxiliary(curve: SmoothCurve, observed: number, predicted: number, lambda: number): number {
  const target = curve.at(observed).value;
  const start = knotAt(curve, predicted);
  const miss = target - start.value;
  if (miss === 0) return predicted;
  const search: Search = { curve, target, predicted, lambda, best: predicted, least: miss * miss };
  const turned = curve.valueTurns.length > 0;
  const low = turned ? predicted - Math.abs(miss) / Math.sqrt(lambda) : Math.min(observed, predicted);
  const high = turned ? Math.max(observed, predicted, 0) : Math.max(observed, predicted);
  const open: Knot[] = [knotAt(curve, high), knotAt(curve, low)];
  for (const knot of open) weigh(search, knot.z, knot.value);
  // The stack holds the ends of adjoining intervals, the leftmost on top.
  for (let intervals = 0; open.length > 1; intervals++) {
    if (intervals === mostIntervals)
      throw new ConvergenceError('smoothAuxiliary: expected an end of the search', intervals, search.least);
    const left = open.pop()!;
    const right = open.at(-1)!;
    const middle = 0.5 * (left.z + right.z);
    if (!settled(search, left, right) && right.z - left.z > leastWidth && middle > left.z && middle < right.z) {
      const knot = knotAt(curve, middle);
      weigh(search, middle, knot.value);
      open.push(knot, left);
    }
  }
  return search.best;
}

function knotAt(curve: SmoothCurve, z: number): Knot {
  const { value, slope, curvature } = curve.at(z);
  return { z, value, slope, curvature };
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
  const [least, most] = rangeOver('value', curve.valueTurns, left, right);
  const outer = Math.max(0, target - most, least - target);
  const inner = Math.max(0, predicted - right.z, left.z - predicted);
  if (outer * outer + lambda * inner * inner >= search.least) return true;

  const [flattest, steepest] = rangeOver('slope', curve.slopeTurns, left, right);
  const [below, above] = [target - most, target - least];
  const pull = productRange(below, above, flattest, steepest);
  if (lambda * (left.z - predicted) >= pull[1] || lambda * (right.z - predicted) <= pull[0]) return true;

  const [bentDown, bentUp] = rangeOver('curvature', curve.curvatureTurns, left, right);
  const bend = productRange(below, above, bentDown, bentUp);
  const squares = [flattest * flattest, steepest * steepest] as const;
  const leastSquare = flattest <= 0 && steepest >= 0 ? 0 : Math.min(...squares);
  if (lambda + Math.max(...squares) < bend[0]) return true;
  if (lambda + leastSquare <= bend[1]) return false;
  descend(search, left, right);
  return true;
}

/** Least and greatest of one of the functions over an interval. */
function rangeOver(
  what: keyof CurvePoint,
  turns: readonly Turn[],
  left: Knot,
  right: Knot,
): readonly [least: number, greatest: number] {
  let least = Math.min(left[what], right[what]);
  let greatest = Math.max(left[what], right[what]);
  for (const turn of turns) {
    if (turn.x > left.z && turn.x < right.z) {
      least = Math.min(least, turn[what]);
      greatest = Math.max(greatest, turn[what]);
    }
  }
  return [least, greatest];
}

function productRange(a0: number, a1: number, b0: number, b1: number): readonly [least: number, greatest: number] {
  const [p, q, r, s] = [a0 * b0, a0 * b1, a1 * b0, a1 * b1];
  return [Math.min(p, q, r, s), Math.max(p, q, r, s)];
}

/** Weighs the minimum of f over an interval in which it is convex. */
function descend(search: Search, left: Knot, right: Knot): void {
  const { curve, target, predicted, lambda } = search;
  const gradient = ({ z, value, slope }: Knot): number => lambda * (z - predicted) - (target - value) * slope;
  if (gradient(left) >= 0 || gradient(right) <= 0) return;
  let [low, high] = [left.z, right.z];
  let z = 0.5 * (low + high);
  let before = high - low;
  let step = before;
  for (let count = 0; count < mostNewtonSteps; count++) {
    const knot = knotAt(curve, z);
    const descent = gradient(knot);
    if (descent < 0) low = z;
    else high = z;
    const newton = -descent / (lambda + knot.slope * knot.slope - (target - knot.value) * knot.curvature);
    const inside = z + newton >= low && z + newton <= high;
    const next = inside && Math.abs(newton) <= 0.5 * Math.abs(before) ? z + newton : 0.5 * (low + high);
    before = step;
    step = next - z;
    z = next;
    if (Math.abs(step) <= lastStep * (Math.abs(z) + Math.abs(predicted))) {
      weigh(search, z, curve.at(z).value);
      return;
    }
  }
  throw new ConvergenceError('smoothAuxiliary: expected a minimum', mostNewtonSteps, Math.abs(step));
}
