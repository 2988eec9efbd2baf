/**
 * out ← activation(alpha · A · B + beta · out + bias) over operands given as offset tables (see packing.ts).
 *
 * B is packed in blocks of columns that fit the second-level cache; then, one panel of three rows of A at a time is packed
 * (it fits the first level) and multiplied with the block, and the three finished rows are stored. Each sum runs over the
 * whole depth in registers, in ascending order and in f64, and is rounded once: the result has the bits of matmulNaive.
 *
 * After Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008), without blocks along the depth:
 * scalar arithmetic is slow enough for a long panel of B to stream in.
 */

import type { FusedActivation } from '../kernels.ts';
import { multiplyPanels, panelWidth, tileSize } from './microKernel.ts';
import { packPanels, paddedDepth, panelCount } from './packing.ts';
import type { Operand } from './packing.ts';
import { createScratch } from './scratch.ts';

/** f64 elements of a packed block of B: 1 MiB, half of a common second-level cache. */
const blockElements = 1 << 17;

const rowPanel = createScratch();
const columnPanels = createScratch();
const strip = createScratch();

/** Element (i, j) is data[base + rows[i] + columns[j]]. */
export interface Target {
  readonly data: Float32Array | Float64Array;
  readonly base: number;
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

export interface Epilogue {
  readonly alpha: number;
  readonly beta: number;
  /** One for each row, or none. */
  readonly bias: Float64Array | undefined;
  readonly activation: FusedActivation;
}

/** The product of a [rows, depth] and b [depth, columns], stored to `out`; nothing is checked. */
export function multiplyBlocked(a: Operand, b: Operand, out: Target, epilogue: Epilogue): void {
  const rows = out.rows.length;
  const columns = out.columns.length;
  const depth = paddedDepth(a.depths.length);
  const panelsPerBlock = Math.max(1, Math.floor(blockElements / (depth * panelWidth)));
  const blockColumns = Math.min(columns, panelsPerBlock * panelWidth);
  const packedA = rowPanel(depth * panelWidth);
  const packedB = columnPanels(panelCount(blockColumns) * depth * panelWidth);
  const products = strip(panelCount(blockColumns) * tileSize);
  for (let j = 0; j < columns; j += blockColumns) {
    const width = Math.min(blockColumns, columns - j);
    packPanels(b, j, width, packedB);
    for (let i = 0; i < rows; i += panelWidth) {
      const height = Math.min(panelWidth, rows - i);
      packPanels(a, i, height, packedA);
      multiplyPanels(packedA, 0, packedB, 0, panelCount(width), depth, products, 0);
      for (let r = 0; r < height; r++) storeRow(products, r, out, i + r, j, width, epilogue);
    }
  }
}

function storeRow(
  products: Float64Array,
  tileRow: number,
  { data, base, rows, columns }: Target,
  row: number,
  firstColumn: number,
  width: number,
  { alpha, beta, bias, activation }: Epilogue,
): void {
  const start = base + rows[row]!;
  const shift = bias === undefined ? 0 : bias[row]!;
  // ReLU is a lower bound of 0, and no activation one of −∞; a NaN passes both.
  const floor = activation === 'relu' ? 0 : -Infinity;
  const store = data instanceof Float32Array ? storeF32 : storeF64;
  const from = tileRow * panelWidth;
  // The compiler cannot relate the branch taken above to the type of `data` here.
  store(
    data as Float32Array & Float64Array,
    start,
    columns,
    firstColumn,
    width,
    products,
    from,
    alpha,
    beta,
    shift,
    floor,
  );
}

function storeF32(
  data: Float32Array,
  start: number,
  columns: Int32Array,
  firstColumn: number,
  width: number,
  products: Float64Array,
  from: number,
  alpha: number,
  beta: number,
  shift: number,
  floor: number,
): void {
  let tile = from;
  let c = 0;
  for (let column = firstColumn; column < firstColumn + width; column++) {
    const at = (start + columns[column]!) >>> 0;
    let value = alpha * products[tile + c]! + shift;
    if (beta !== 0) value += beta * data[at]!;
    data[at] = value <= floor ? floor : value;
    if (++c === 3) {
      c = 0;
      tile += 9;
    }
  }
}

/** As storeF32, for the other dtype; see packing.ts for why there are two. */
function storeF64(
  data: Float64Array,
  start: number,
  columns: Int32Array,
  firstColumn: number,
  width: number,
  products: Float64Array,
  from: number,
  alpha: number,
  beta: number,
  shift: number,
  floor: number,
): void {
  let tile = from;
  let c = 0;
  for (let column = firstColumn; column < firstColumn + width; column++) {
    const at = (start + columns[column]!) >>> 0;
    let value = alpha * products[tile + c]! + shift;
    if (beta !== 0) value += beta * data[at]!;
    data[at] = value <= floor ? floor : value;
    if (++c === 3) {
      c = 0;
      tile += 9;
    }
  }
}
