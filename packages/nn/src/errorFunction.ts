/**
 * The complementary error function in f64.
 *
 *   erfc(x) = 2/√π ∫ from x to ∞ of exp(−t²) dt,   erf(x) = 1 − erfc(x)
 *
 * Three rational approximations, on |x| ≤ 0.46875, up to 4, and beyond; erfc(−x) = 2 − erfc(x). The coefficients are those of
 * W. J. Cody, "Rational Chebyshev approximations for the error function", Math. Comp. 23 (1969) 631–637, Tables I–III at their
 * highest degrees, good to 6e-19 in exact arithmetic; exp(−x²) is split as there, so that the rounding of x² is not multiplied
 * by x². The relative error stays below 16 units of 2^-53 wherever erfc is above the least normal double (x < 26.5), and the
 * result is 0 from 27.3 on.
 *
 * Cost: up to 18 multiply-adds, one division and two exponentials.
 */

/** Quotients of polynomials, coefficients from the highest power down. */
const near = {
  numerator: [0.18577770618460315, 3.1611237438705655, 113.86415415105016, 377.485237685302, 3209.3775891384694],
  denominator: [1, 23.601290952344122, 244.02463793444417, 1282.6165260773723, 2844.236833439171],
} as const;
const middle = {
  numerator: [
    2.1531153547440383e-8, 0.5641884969886701, 8.883149794388377, 66.11919063714163, 298.6351381974001,
    881.952221241769, 1712.0476126340707, 2051.0783778260716, 1230.3393547979972,
  ],
  denominator: [
    1, 15.744926110709835, 117.6939508913125, 537.1811018620099, 1621.3895745666903, 3290.7992357334597,
    4362.619090143247, 3439.3676741437216, 1230.3393548037495,
  ],
} as const;
const far = {
  numerator: [
    0.016315387137302097, 0.30532663496123236, 0.36034489994980445, 0.12578172611122926, 0.016083785148742275,
    0.0006587491615298378,
  ],
  denominator: [
    1, 2.568520192289822, 1.8729528499234604, 0.5279051029514285, 0.06051834131244132, 0.0023352049762686918,
  ],
} as const;

/** Up to here erf is approximated, above erfc. */
const nearEnd = 0.46875;
const middleEnd = 4;
/** erfc is below half the least denormal double from here on. */
const vanished = 27.3;
const inverseRootPi = 0.5641895835477563;

/** 1 − erf(x), also where erf(x) rounds to 1. */
export function erfc(x: number): number {
  const size = Math.abs(x);
  if (size <= nearEnd) return 1 - x * quotient(near, x * x);
  const tail = size >= vanished ? 0 : upperTail(size);
  return x > 0 ? tail : 2 - tail;
}

/** erfc for nearEnd < x < vanished. */
function upperTail(x: number): number {
  // x² = c² + (x − c)(x + c) with c a multiple of 1/16, whose square is exact.
  const coarse = Math.trunc(16 * x) / 16;
  const bell = Math.exp(-coarse * coarse) * Math.exp(-(x - coarse) * (x + coarse));
  if (x <= middleEnd) return bell * quotient(middle, x);
  const inverse = 1 / (x * x);
  return (bell * (inverseRootPi - inverse * quotient(far, inverse))) / x;
}

interface Quotient {
  readonly numerator: readonly number[];
  readonly denominator: readonly number[];
}

function quotient({ numerator, denominator }: Quotient, x: number): number {
  return polynomial(numerator, x) / polynomial(denominator, x);
}

function polynomial(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (let i = 0; i < coefficients.length; i++) value = value * x + coefficients[i]!;
  return value;
}
