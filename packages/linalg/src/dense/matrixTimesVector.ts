/**
 * Products of a row-major block with a vector: the half of a two-sided reduction that cannot become matrix products, as each
 * vector depends on the product before it.
 *
 * Every element of the block takes part in one multiplication and one addition only, so that loads decide the speed: eight
 * rows go in one pass, which shares the loads of x, or the loads and stores of y, among them. Cost: 2 · rows · columns.
 *
 * | name   | shape            | meaning                                                      |
 * |--------|------------------|--------------------------------------------------------------|
 * | block  | [rows, columns]  | element (i, j) at start + i · stride + j of its array        |
 */

/** Where a block lies in an array. */
export interface Block {
  readonly data: Float64Array;
  readonly start: number;
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
}

/** y ← block · x. x has `columns` elements from xStart, y `rows` from yStart; y must not overlap the others. */
export function matrixTimesVector(
  { data, start, rows, columns, stride }: Block,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  let i = 0;
  for (; i + 8 <= rows; i += 8) eightDotsInto(data, start + i * stride, columns, stride, x, xStart, y, yStart + i);
  for (; i < rows; i++) {
    const row = start + i * stride;
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[row + j]! * x[xStart + j]!;
    y[yStart + i] = sum;
  }
}

/** y ← y + blockᵀ · x. x has `rows` elements from xStart, y `columns` from yStart; y must not overlap the others. */
export function addTransposedTimesVector(
  { data, start, rows, columns, stride }: Block,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  let i = 0;
  for (; i + 8 <= rows; i += 8) addEightRows(data, start + i * stride, columns, stride, x, xStart + i, y, yStart);
  for (; i < rows; i++) {
    const row = start + i * stride;
    const weight = x[xStart + i]!;
    for (let j = 0; j < columns; j++) y[yStart + j] = y[yStart + j]! + weight * data[row + j]!;
  }
}

function eightDotsInto(
  a: Float64Array,
  r0: number,
  columns: number,
  stride: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  const [r1, r2, r3, r4] = [r0 + stride, r0 + 2 * stride, r0 + 3 * stride, r0 + 4 * stride];
  const [r5, r6, r7] = [r0 + 5 * stride, r0 + 6 * stride, r0 + 7 * stride];
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  let s4 = 0;
  let s5 = 0;
  let s6 = 0;
  let s7 = 0;
  for (let j = 0; j < columns; j++) {
    const xj = x[xStart + j]!;
    s0 += a[r0 + j]! * xj;
    s1 += a[r1 + j]! * xj;
    s2 += a[r2 + j]! * xj;
    s3 += a[r3 + j]! * xj;
    s4 += a[r4 + j]! * xj;
    s5 += a[r5 + j]! * xj;
    s6 += a[r6 + j]! * xj;
    s7 += a[r7 + j]! * xj;
  }
  y[yStart] = s0;
  y[yStart + 1] = s1;
  y[yStart + 2] = s2;
  y[yStart + 3] = s3;
  y[yStart + 4] = s4;
  y[yStart + 5] = s5;
  y[yStart + 6] = s6;
  y[yStart + 7] = s7;
}

function addEightRows(
  a: Float64Array,
  r0: number,
  columns: number,
  stride: number,
  x: Float64Array,
  xStart: number,
  y: Float64Array,
  yStart: number,
): void {
  const [r1, r2, r3, r4] = [r0 + stride, r0 + 2 * stride, r0 + 3 * stride, r0 + 4 * stride];
  const [r5, r6, r7] = [r0 + 5 * stride, r0 + 6 * stride, r0 + 7 * stride];
  const [x0, x1, x2, x3] = [x[xStart]!, x[xStart + 1]!, x[xStart + 2]!, x[xStart + 3]!];
  const [x4, x5, x6, x7] = [x[xStart + 4]!, x[xStart + 5]!, x[xStart + 6]!, x[xStart + 7]!];
  for (let j = 0; j < columns; j++) {
    const upper = x0 * a[r0 + j]! + x1 * a[r1 + j]! + (x2 * a[r2 + j]! + x3 * a[r3 + j]!);
    const lower = x4 * a[r4 + j]! + x5 * a[r5 + j]! + (x6 * a[r6 + j]! + x7 * a[r7 + j]!);
    y[yStart + j] = y[yStart + j]! + (upper + lower);
  }
}
