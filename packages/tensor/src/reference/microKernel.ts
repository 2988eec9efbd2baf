/**
 * The innermost product: one panel of A against a row of panels of B, in f64 registers.
 *
 *   products[p][r][c] = Σ_t A[t][r] · B[p][t][c]      r, c < 3, t < depth
 *
 * | name     | layout                       | meaning                                              |
 * |----------|------------------------------|------------------------------------------------------|
 * | A        | [depth][3]                   | a packed panel: three rows of the left operand       |
 * | B        | [panels][depth][3]           | packed panels: three columns each of the right one   |
 * | products | [panels][3][3]               | finished sums, not partial ones                      |
 *
 * Sums run over t in ascending order, so a product here has the bits of the naive one. depth is even and at least 2:
 * see packing.ts.
 *
 * Two notes on speed in V8. `& 0x3fffffff` keeps an index in a range that the compiler can prove, so that `i + 5` needs no
 * overflow check; it, 3 and 9 are literals because a bundler may turn a named constant into a variable, which costs a half of
 * the speed. No packed block comes near 2^30 elements. And only Float64Arrays come here: one f32 array at these loads would make
 * them polymorphic.
 */

/** Rows of A, and columns of B, in a panel. Of 3×3, 4×3, 4×4, 5×3, 6×2, … tiles this one runs fastest in V8. */
export const panelWidth = 3;

/** Elements of a finished tile. */
export const tileSize = panelWidth * panelWidth;

/** Multiplies the panel of A at aStart with `panels` panels of B from bStart on; writes from `start` on. */
// Nine sums and two unrolled steps, one statement a line: splitting them into functions would put the sums into memory.
// oxlint-disable-next-line max-lines-per-function
export function multiplyPanels(
  a: Float64Array,
  aStart: number,
  b: Float64Array,
  bStart: number,
  panels: number,
  depth: number,
  products: Float64Array,
  start: number,
): void {
  const lastPair = aStart + (depth - 2) * 3;
  for (let panel = 0; panel < panels; panel++) {
    let s00 = 0;
    let s01 = 0;
    let s02 = 0;
    let s10 = 0;
    let s11 = 0;
    let s12 = 0;
    let s20 = 0;
    let s21 = 0;
    let s22 = 0;
    let nextA = aStart;
    let nextB = bStart + panel * depth * 3;
    for (;;) {
      const i = nextA & 0x3fffffff;
      const j = nextB & 0x3fffffff;
      let b0 = b[j]!;
      let b1 = b[j + 1]!;
      let b2 = b[j + 2]!;
      let a0 = a[i]!;
      let a1 = a[i + 1]!;
      let a2 = a[i + 2]!;
      s00 += a0 * b0;
      s01 += a0 * b1;
      s02 += a0 * b2;
      s10 += a1 * b0;
      s11 += a1 * b1;
      s12 += a1 * b2;
      s20 += a2 * b0;
      s21 += a2 * b1;
      s22 += a2 * b2;
      // Never true. It ends the basic block, so that V8 completes these sums before the next products and spills none.
      if (i > lastPair) break;
      b0 = b[j + 3]!;
      b1 = b[j + 4]!;
      b2 = b[j + 5]!;
      a0 = a[i + 3]!;
      a1 = a[i + 4]!;
      a2 = a[i + 5]!;
      s00 += a0 * b0;
      s01 += a0 * b1;
      s02 += a0 * b2;
      s10 += a1 * b0;
      s11 += a1 * b1;
      s12 += a1 * b2;
      s20 += a2 * b0;
      s21 += a2 * b1;
      s22 += a2 * b2;
      if (i === lastPair) break;
      nextA = i + 6;
      nextB = j + 6;
    }
    const tile = start + panel * 9;
    products[tile] = s00;
    products[tile + 1] = s01;
    products[tile + 2] = s02;
    products[tile + 3] = s10;
    products[tile + 4] = s11;
    products[tile + 5] = s12;
    products[tile + 6] = s20;
    products[tile + 7] = s21;
    products[tile + 8] = s22;
  }
}
