/** The instructions of one floating-point format, so that a kernel is written once for f32 and f64. */

import { f32x4, f64x2, v128 } from '../assembler/instructions.ts';
import type { Expression } from '../assembler/instructions.ts';

type Vector = Expression<'v128'>;

export interface NumberFormat {
  readonly dtype: 'f32' | 'f64';
  readonly bytes: number;
  /** All lanes from one element in memory. */
  splatLoad(address: Expression<'i32'>, offset?: number): Vector;
  add(a: Vector, b: Vector): Vector;
  /** NaN if either is. */
  max(a: Vector, b: Vector): Vector;
  /** a · b + c, rounded once where the machine has the instruction and `relaxed` allows it. */
  multiplyAdd(a: Vector, b: Vector, c: Vector): Vector;
}

/** @param relaxed - whether relaxed multiply-add may be emitted */
export function numberFormat(dtype: 'f32' | 'f64', relaxed: boolean): NumberFormat {
  return dtype === 'f32' ? singlePrecision(relaxed) : doublePrecision(relaxed);
}

function singlePrecision(relaxed: boolean): NumberFormat {
  return {
    dtype: 'f32',
    bytes: 4,
    splatLoad: (address, offset) => v128.load32_splat(address, offset),
    add: f32x4.add,
    max: f32x4.max,
    multiplyAdd: relaxed ? f32x4.relaxed_madd : (a, b, c) => f32x4.add(c, f32x4.mul(a, b)),
  };
}

function doublePrecision(relaxed: boolean): NumberFormat {
  return {
    dtype: 'f64',
    bytes: 8,
    splatLoad: (address, offset) => v128.load64_splat(address, offset),
    add: f64x2.add,
    max: f64x2.max,
    multiplyAdd: relaxed ? f64x2.relaxed_madd : (a, b, c) => f64x2.add(c, f64x2.mul(a, b)),
  };
}
