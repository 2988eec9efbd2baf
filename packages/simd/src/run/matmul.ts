/**
 * out ← activation(alpha · a · b + beta · out + bias). See Kernels.matmul.
 *
 * A product of some width is made on packed panels (packedProduct.ts), in parts if it is very large; one with a vector or two, by dot
 * products with the rows (thinProduct.ts).
 */

import { checkMatmulCall, slice } from '@rankwise/tensor';
import type { MatmulCall } from '@rankwise/tensor';
import type { Machine } from './machine.ts';
import { multiplyPacked } from './packedProduct.ts';
import { isThin, multiplyThin } from './thinProduct.ts';

/** Operands and results above this many bytes are worked on in parts, so that the linear memory stays moderate. */
const partBytes = 2 ** 28;
/** A part is never cut below this many rows or columns. */
const leastExtent = 64;

/** @param thin - how it is made; a part of a larger call must be made as the whole would be, bit by bit */
export function matmul(machine: Machine, call: MatmulCall, thin = isThin(call)): void {
  const { m, n } = checkMatmulCall(call);
  if (m === 0 || n === 0) return;
  if (thin) multiplyThin(machine, call);
  else for (const part of partsOf(call)) multiplyPacked(machine, part);
}

/** The call cut along the longer axis of `out` until a part's operands are small enough. */
function partsOf(call: MatmulCall): readonly MatmulCall[] {
  const { a, b, out, rowBias } = call;
  const [m = 0, k = 0] = a.shape;
  const n = b.shape[1] ?? 0;
  const bytes = 8 * (m * k + k * n + m * n);
  const longest = Math.max(m, n);
  if (bytes <= partBytes || longest < leastExtent) return [call];
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
