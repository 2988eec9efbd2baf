/**
 * Element types and the typed arrays that hold them.
 *
 * | dtype | bytes | typed array  | used for                          |
 * |-------|-------|--------------|-----------------------------------|
 * | f32   | 4     | Float32Array | activations and weights           |
 * | f64   | 8     | Float64Array | statistics and linear algebra     |
 * | i32   | 4     | Int32Array   | indices and labels                |
 * | u8    | 1     | Uint8Array   | images and labels as stored       |
 */

export interface TypedArrayOf {
  readonly f32: Float32Array;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u8: Uint8Array;
}

export type DType = keyof TypedArrayOf;
export type FloatDType = 'f32' | 'f64';

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<DType, number>> = { f32: 4, f64: 8, i32: 4, u8: 1 };

const constructors = { f32: Float32Array, f64: Float64Array, i32: Int32Array, u8: Uint8Array } as const;

/**
 * A typed array of `length` zeros.
 * @example
 * import { allocate } from '@rankwise/tensor';
 * allocate('f32', 2) // => new Float32Array([0, 0])
 */
export function allocate<D extends DType>(dtype: D, length: number): TypedArrayOf[D] {
  // The table above pairs each dtype with its constructor; the compiler cannot follow the index.
  return new constructors[dtype](length) as TypedArrayOf[D];
}

/**
 * The dtype of a typed array, or undefined when the array is of another kind.
 * @example
 * import { dtypeOf } from '@rankwise/tensor';
 * [dtypeOf(new Float64Array(1)), dtypeOf(new Int8Array(1))] // => ['f64', undefined]
 */
export function dtypeOf(array: ArrayBufferView): DType | undefined {
  if (array instanceof Float32Array) return 'f32';
  if (array instanceof Float64Array) return 'f64';
  if (array instanceof Int32Array) return 'i32';
  if (array instanceof Uint8Array) return 'u8';
  return undefined;
}
