/**
 * What the suite asks of an engine, ours or another's.
 *
 * A timed call goes from the input to an output that JavaScript can read. Weights are handed over once, before; so is the
 * input where an engine keeps tensors of its own (TensorFlow.js, jax-js), in the layout that it likes best. An engine whose
 * interface copies the input at each call (ONNX Runtime) is timed with the copy, as its users would be.
 */

import type { PreparedDecomposition, PreparedWorkload } from '../workloads/workload.ts';

export interface Job {
  /** The timed call. */
  readonly call: () => Promise<unknown> | void;
  /** A call timed by the engine itself, in milliseconds: for one in another process, whose messages shall not count. */
  readonly timedCall?: () => Promise<number>;
  /** One more call, untimed: its result, [channels, height, width], row-major, or as decompositions.ts says. */
  readonly output: () => Promise<Float32Array | Float64Array>;
  readonly dispose: () => Promise<void> | void;
}

/** Why a number is missing. It is shown in the table. */
export interface NotMeasured {
  readonly reason: string;
}

export interface Engine {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  /** What the engine says of itself: backend, features. */
  readonly details: string;
  readonly prepare: (workload: PreparedWorkload) => Promise<Job | NotMeasured>;
  readonly decompose?: (workload: PreparedDecomposition) => Promise<Job | NotMeasured>;
  readonly dispose: () => Promise<void> | void;
}

/** An engine that could not be started. */
export interface MissingEngine extends NotMeasured {
  readonly name: string;
}

export function isNotMeasured<T extends object>(candidate: T | NotMeasured): candidate is NotMeasured {
  return 'reason' in candidate;
}
