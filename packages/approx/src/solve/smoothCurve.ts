/**
 * The smooth activations with two derivatives, and where each of the three turns.
 *
 * | symbol     | meaning                                                                              |
 * |------------|--------------------------------------------------------------------------------------|
 * | r, r', r'' | value, slope and curvature at a point                                                |
 * | turns      | between neighbouring turns of a function it is monotone: the zeros of its derivative |
 *
 *   sigmoid   s = r, r' = s (1 − s), r'' = r' (1 − 2 s);  r''' = 0 where s = (3 ± √3) / 6, x = ±log(2 + √3)
 *   tanh      r' = 1 − r², r'' = −2 r r';                 r''' = 0 where r² = 1/3, x = ±atanh(1/√3)
 *   softplus  r' = s, r'' = s (1 − s);                    r''' = 0 at 0
 *   silu      r' = s + x s', r'' = s' (2 − x tanh(x/2));  r' = 0 at −1.278…, r'' = 0 at ±2.399…, r''' = 0 at 0 and ±3.436…
 *   gelu      r' = Φ + x φ, r'' = φ (2 − x²);             r' = 0 at −0.7518…, r'' = 0 at ±√2, r''' = φ x (x² − 4)
 *
 * With the turns, the exact range of each function over an interval is known from its ends and the turns inside (rangeOver).
 */

import { smoothActivations } from '@rankwise/nn';
import type { SmoothActivation } from '@rankwise/nn';

export interface CurvePoint {
  readonly value: number;
  readonly slope: number;
  readonly curvature: number;
}

/** A point at which one of the functions turns. */
export interface Turn extends CurvePoint {
  readonly x: number;
}

export interface SmoothCurve {
  /** r, r' and r'' at x. */
  readonly at: (x: number) => CurvePoint;
  /** Ascending. */
  readonly valueTurns: readonly Turn[];
  readonly slopeTurns: readonly Turn[];
  readonly curvatureTurns: readonly Turn[];
}

export const smoothCurves: Readonly<Record<SmoothActivation, SmoothCurve>> = {
  sigmoid: curve(sigmoidAt, [], [0], [-1.3169578969248168, 1.3169578969248168]),
  tanh: curve(tanhAt, [], [0], [-0.6584789484624084, 0.6584789484624084]),
  gelu: curve(geluAt, [-0.7517915246935645], [-Math.SQRT2, Math.SQRT2], [-2, 0, 2]),
  silu: curve(
    siluAt,
    [-1.278464542761074],
    [-2.3993572805154675, 2.3993572805154675],
    [-3.435840993535111, 0, 3.435840993535111],
  ),
  softplus: curve(softplusAt, [], [], [0]),
};

function curve(
  at: SmoothCurve['at'],
  valueTurns: readonly number[],
  slopeTurns: readonly number[],
  curvatureTurns: readonly number[],
): SmoothCurve {
  const turns = (xs: readonly number[]): Turn[] => xs.map((x) => ({ x, ...at(x) }));
  return {
    at,
    valueTurns: turns(valueTurns),
    slopeTurns: turns(slopeTurns),
    curvatureTurns: turns(curvatureTurns),
  };
}

/** s(−x) = 1 − s(x) is kept to the last bit's relative accuracy in both tails. */
function sigmoidAt(x: number): CurvePoint {
  const small = Math.exp(-Math.abs(x));
  const slope = small / ((1 + small) * (1 + small));
  // 1 − 2 s = −tanh(x / 2) = ∓(1 − small) / (1 + small).
  const lean = ((x < 0 ? 1 : -1) * (1 - small)) / (1 + small);
  return { value: (x < 0 ? small : 1) / (1 + small), slope, curvature: slope * lean };
}

/** 1 − tanh² = 4 s' at twice the argument, without its cancellation. */
function tanhAt(x: number): CurvePoint {
  const { slope: quarter } = sigmoidAt(2 * x);
  const value = Math.tanh(x);
  return { value, slope: 4 * quarter, curvature: -8 * value * quarter };
}

function softplusAt(x: number): CurvePoint {
  const { value: slope, slope: curvature } = sigmoidAt(x);
  return { value: smoothActivations.softplus(x), slope, curvature };
}

function siluAt(x: number): CurvePoint {
  const { value, slope, curvature } = sigmoidAt(x);
  return { value: x * value, slope: value + x * slope, curvature: 2 * slope + x * curvature };
}

/** Beyond 40 the density and its products with x² are below the least double; there the curve is 0 or x. */
function geluAt(x: number): CurvePoint {
  if (Math.abs(x) > 40) return x < 0 ? { value: -0, slope: 0, curvature: 0 } : { value: x, slope: 1, curvature: 0 };
  const value = smoothActivations.gelu(x);
  const density = Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
  const share = x === 0 ? 0.5 : value / x;
  return { value, slope: share + x * density, curvature: density * (2 - x * x) };
}
