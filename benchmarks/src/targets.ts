/**
 * What the fast kernels are meant to reach, each as a quotient of two times measured in turn within one run, or as a rate.
 * Targets that are missed are shown as missed.
 */

import { gigaflops, roundRatios } from './results.ts';
import type { CombinationResult, Measurement } from './results.ts';
import { summarise } from './statistics.ts';
import type { Summary } from './statistics.ts';

type Timed = readonly [engine: string, workload: string];

interface Target {
  readonly name: string;
  readonly threads: number;
  /** Major versions of Node and the least value for each. */
  readonly least: Readonly<Record<number, number>>;
  readonly of: Timed;
  /** With it the value is how many times longer `of` takes; without it, the rate of `of` in GFLOP/s. */
  readonly over?: Timed;
}

export interface Outcome {
  readonly name: string;
  readonly node: string;
  readonly threads: number;
  readonly least: number;
  readonly value: Summary;
}

const original = 'stack/original';
const quarter = 'stack/4x';
const everywhere = (least: number): Readonly<Record<number, number>> => ({ 20: least, 24: least });

/** How many times longer ml-matrix takes than the reference, and than simd, at 512. */
const overMlMatrix: Readonly<Record<string, readonly [reference: number, simd: number]>> = {
  eigen: [3, 10],
  svd: [3, 8],
  qr: [4, 12],
  product: [4, 15],
};

const linearAlgebra: readonly Target[] = [
  ...Object.entries(overMlMatrix).flatMap(([routine, [reference, simd]]) =>
    Object.entries({ reference, simd }).map(([engine, least]) =>
      linalgTarget(routine, 512, ['ml-matrix', engine], least),
    ),
  ),
  // Within three times of LAPACK.
  ...[512, 1024].flatMap((n) => ['eigen', 'svd'].map((routine) => linalgTarget(routine, n, ['lapack', 'simd'], 1 / 3))),
];

function linalgTarget(routine: string, n: number, [of, over]: readonly [string, string], least: number): Target {
  const workload = `linalg/${routine}-${n}`;
  return {
    name: `${routine} ${n}: ${of === 'lapack' ? 'LAPACK' : of} / ${over}`,
    threads: 1,
    least: everywhere(least),
    of: [of, workload],
    over: [over, workload],
  };
}

const targets: readonly Target[] = [
  {
    name: 'stack: ONNX Runtime Web / simd',
    threads: 1,
    least: everywhere(3),
    of: ['onnxruntime-web', original],
    over: ['simd', original],
  },
  {
    name: 'stack: native ONNX Runtime / simd',
    threads: 1,
    least: { 20: 0.75, 24: 1 },
    of: ['onnxruntime-node', original],
    over: ['simd', original],
  },
  {
    name: 'matrix product 1024: jax-js / simd',
    threads: 1,
    least: { 24: 1.2 },
    of: ['jax-js', 'matmul/f32-1024'],
    over: ['simd', 'matmul/f32-1024'],
  },
  {
    name: 'stack: simd original / simd 4×',
    threads: 1,
    least: everywhere(3.5),
    of: ['simd', original],
    over: ['simd', quarter],
  },
  {
    name: 'stack: native ONNX Runtime original / simd 4×',
    threads: 1,
    least: { 24: 1 },
    of: ['onnxruntime-node', original],
    over: ['simd', quarter],
  },
  {
    name: 'stack: simd one thread / simd two threads',
    threads: 2,
    least: everywhere(1.7),
    of: ['simd-1-thread', original],
    over: ['simd', original],
  },
  {
    name: 'conv4: reference, GFLOP/s',
    threads: 1,
    least: everywhere(4),
    of: ['reference', 'seven/conv4'],
  },
  {
    name: 'conv4: TensorFlow.js CPU / reference',
    threads: 1,
    least: everywhere(6),
    of: ['tfjs-cpu', 'seven/conv4'],
    over: ['reference', 'seven/conv4'],
  },
  ...linearAlgebra,
];

/** The targets for which the combination has both times. */
export function outcomes(result: CombinationResult): Outcome[] {
  const { node, threads } = result;
  return targets.flatMap((target) => {
    const least = target.least[Number.parseInt(node, 10)];
    if (least === undefined || target.threads !== threads) return [];
    const values = valuesOf(target, result);
    return values.length === 0 ? [] : [{ name: target.name, node, threads, least, value: summarise(values) }];
  });
}

function valuesOf(target: Target, result: CombinationResult): number[] {
  const of = find(result, target.of);
  if (of === undefined) return [];
  if (target.over === undefined) {
    const macs = result.workloads.find(({ name }) => name === of.workload)?.macs ?? 0;
    return (of.rounds ?? []).map((time) => gigaflops(macs, time));
  }
  const over = find(result, target.over);
  return over === undefined ? [] : roundRatios(of, over);
}

function find({ measurements }: CombinationResult, [engine, workload]: Timed): Measurement | undefined {
  return measurements.find((one) => one.engine === engine && one.workload === workload);
}
