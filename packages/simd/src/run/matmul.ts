/**
 * out ← activation(alpha · a · b + beta · out + bias). See Kernels.matmul.
 *
 * A product of some size is made on packed panels (packedProduct.ts), in parts if it is very large; one with few columns, by dot
 * products with the rows (thinProduct.ts); a tiny one, and one of columns with one vector, by the plain loops.
 */

import { checkMatmulCall, referenceKernels, slice } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import type { Machine } from './machine.ts';
import { multiplyPacked } from './packedProduct.ts';
import { isThin, multiplyThin } from './thinProduct.ts';
import { isResidentVectorProduct, isVectorProduct, multiplyVector } from './vectorProduct.ts';

/** Operands and results above this many bytes are worked on in parts, so that the linear memory stays moderate. */
const partBytes = 2 ** 28;
/** Multiply-adds from which a product with one vector of a matrix that lies in the linear memory is a task. */
const leastVectorWork = 2 ** 10;
/** A part is never cut below this many rows or columns, nor this deep. */
const leastExtent = 64;
const leastDepth = 2 ** 16;

/** How a product is made. The bits of the result depend on it. */
export type ProductWay = 'plain' | 'thin' | 'packed';

export function productWay({ leastWork }: Pick<Machine, 'leastWork'>, call: MatmulCall): ProductWay {
  const [m = 0, k = 0] = call.a.shape;
  const n = call.b.shape[1] ?? 0;
  if (m * n * k < leastWork) return 'plain';
  if (isThin(call)) return 'thin';
  return isVectorProduct(call) ? 'plain' : 'packed';
}

/** @param way - a part of a larger call must be made as the whole would be, bit by bit */
export function matmul(machine: Machine, call: MatmulCall, way = productWay(machine, call)): void {
  const { m, n, k } = checkMatmulCall(call);
  if (m === 0 || n === 0) return;
  if (m * n * k >= leastVectorWork && isResidentVectorProduct(machine.workspace, call))
    return multiplyVector(machine, call);
  if (way === 'plain') referenceKernels.matmul(call);
  else if (way === 'thin') multiplyThin(machine, call);
  else for (const part of partsOf(call)) multiplyPacked(machine, part);
}

/** The call cut along the longer axis of `out`, or along k when that is short, until a part's operands are small enough. */
function partsOf(call: MatmulCall): readonly MatmulCall[] {
  const { a, b, out, rowBias } = call;
  const [m = 0, k = 0] = a.shape;
  const n = b.shape[1] ?? 0;
  const bytes = 8 * (m * k + k * n + m * n);
  const longest = Math.max(m, n);
  if (bytes <= partBytes || (longest < leastExtent && k < leastDepth)) return [call];
  if (longest < leastExtent) return depthParts(call, k);
  const half = Math.floor(longest / 2);
  if (m >= n) {
    const rows = (from: number, to: number): MatmulCall => ({
      ...call,
      a: slice(a, [[from, to]]),
      out: slice(out, [[from, to]]),
      ...(rowBias === undefined ? {} : { rowBias: slice(rowBias, [[from, to]]) }),
    });
    return [...partsOf(rows(0, half)), ...partsOf(rows(half, m))];
  }
  const columns = (from: number, to: number): MatmulCall => ({
    ...call,
    b: slice(b, [undefined, [from, to]]),
    out: slice(out, [undefined, [from, to]]),
  });
  return [...partsOf(columns(0, half)), ...partsOf(columns(half, n))];
}

/** Two halves of the sum: the second adds to what the first has stored, and only it applies the activation. */
function depthParts(call: MatmulCall, k: number): readonly MatmulCall[] {
  const { a, b, rowBias: _, ...rest } = call;
  const half = Math.floor(k / 2);
  const first = { ...call, a: slice(a, [undefined, [0, half]]), b: slice(b, [[0, half]]), activation: 'none' } as const;
  const second = { ...rest, a: slice(a, [undefined, [half]]), b: slice(b, [[half]]), beta: 1 };
  return [...partsOf(first), ...partsOf(second)];
}
