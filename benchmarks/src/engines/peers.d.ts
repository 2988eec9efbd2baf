/**
 * The little of each peer that the suite calls, so that it type-checks where the peers are not installed.
 * An ambient declaration wins over the package's own types.
 */

declare module 'onnxruntime-node' {
  export * from 'onnxruntime-web';
}

declare module 'onnxruntime-web' {
  export interface SessionOptions {
    readonly executionProviders?: readonly ('cpu' | 'wasm')[];
    readonly intraOpNumThreads?: number;
    readonly interOpNumThreads?: number;
    readonly executionMode?: 'sequential' | 'parallel';
    readonly graphOptimizationLevel?: 'all' | 'basic' | 'disabled' | 'extended';
    readonly logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  }
  export interface OnnxTensor {
    readonly data: Float32Array | Float64Array;
    readonly dims: readonly number[];
  }
  export interface Session {
    run(feeds: Readonly<Record<string, OnnxTensor>>): Promise<Readonly<Record<string, OnnxTensor>>>;
    release(): Promise<void>;
  }
  export const Tensor: new (
    type: 'float32' | 'float64',
    data: Float32Array | Float64Array,
    dims: readonly number[],
  ) => OnnxTensor;
  export const InferenceSession: {
    create(model: Uint8Array, options?: SessionOptions): Promise<Session>;
  };
  export const env: {
    logLevel?: 'error' | 'fatal' | 'info' | 'verbose' | 'warning';
    readonly wasm: { numThreads?: number };
  };
}

declare module '@tensorflow/tfjs' {
  export interface TfTensor {
    readonly shape: readonly number[];
    dataSync(): Float32Array;
    dispose(): void;
  }
  export interface TfConv2dCall {
    readonly x: TfTensor;
    readonly filter: TfTensor;
    readonly bias?: TfTensor;
    readonly strides: [number, number];
    readonly pad: number | 'valid' | [[number, number], [number, number], [number, number], [number, number]];
    readonly dataFormat?: 'NHWC';
    readonly dilations?: [number, number];
    readonly activation?: 'linear' | 'relu';
  }
  export const fused: { conv2d(call: TfConv2dCall): TfTensor };
  export function setBackend(name: string): Promise<boolean>;
  export function enableProdMode(): void;
  export function ready(): Promise<void>;
  export function tensor(data: Float32Array, shape: readonly number[]): TfTensor;
  export function transpose(tensor: TfTensor, permutation: readonly number[]): TfTensor;
  export function relu(tensor: TfTensor): TfTensor;
  export function maxPool(x: TfTensor, filterSize: [number, number], strides: [number, number], pad: 'valid'): TfTensor;
  export function pad(x: TfTensor, sides: readonly [number, number][], value: number): TfTensor;
  export function matMul(a: TfTensor, b: TfTensor): TfTensor;
  export function tidy(run: () => TfTensor): TfTensor;
}

declare module '@tensorflow/tfjs-backend-wasm' {
  export function setThreadsCount(threads: number): void;
  export function getThreadsCount(): number;
}

declare module '@tensorflow/tfjs-backend-cpu' {
  const nothing: undefined;
  export { nothing };
}

declare module '@jax-js/jax' {
  export interface JaxArray {
    /** The same array with one more owner: an operation consumes the array that it is given. */
    readonly ref: JaxArray;
    reshape(shape: readonly number[]): JaxArray;
    data(): Promise<Float32Array | Float64Array>;
    dispose(): void;
  }
  export function init(...devices: string[]): Promise<string[]>;
  export function defaultDevice(device: string): string;
  export const numpy: {
    array(data: Float32Array | Float64Array): JaxArray;
    matmul(a: JaxArray, b: JaxArray): JaxArray;
  };
  export const lax: {
    convGeneralDilated(
      input: JaxArray,
      weight: JaxArray,
      strides: readonly number[],
      padding: readonly (readonly [number, number])[],
    ): JaxArray;
  };
}

declare module 'ml-matrix' {
  export class Matrix {
    constructor(rows: number, columns: number);
    static from1DArray(rows: number, columns: number, data: readonly number[]): Matrix;
    readonly rows: number;
    readonly columns: number;
    mmul(other: Matrix): Matrix;
    to1DArray(): number[];
  }
  export class EigenvalueDecomposition {
    constructor(matrix: Matrix, options: { readonly assumeSymmetric: boolean });
    readonly realEigenvalues: readonly number[];
    readonly eigenvectorMatrix: Matrix;
  }
  export class SingularValueDecomposition {
    constructor(matrix: Matrix);
    readonly diagonal: readonly number[];
    readonly leftSingularVectors: Matrix;
    readonly rightSingularVectors: Matrix;
  }
  export class QrDecomposition {
    constructor(matrix: Matrix);
    readonly orthogonalMatrix: Matrix;
    readonly upperTriangularMatrix: Matrix;
  }
}
