/** Starts the engines for a number of threads and the groups that are measured, and keeps the reason of each that does not start. */

import { isNotMeasured } from './engine.ts';
import type { Engine, MissingEngine, NotMeasured } from './engine.ts';
import type { Group } from '../workloads/workload.ts';
import { createJaxEngine } from './jax.ts';
import { createLapackEngine } from './lapack.ts';
import { createMlMatrixEngine } from './mlMatrix.ts';
import { createNativeEngine, createWebEngine } from './onnxRuntime.ts';
import { createReferenceEngine, createSimdEngine } from './rankwise.ts';
import { createTfCpuEngine, createTfWasmEngine } from './tensorFlow.ts';

type Starter = (threads: number) => Promise<Engine | NotMeasured>;

/**
 * In the order in which they take turns. Our kernels with one thread stand beside those with more, and without minimal filtering
 * beside those with it, so that the gain of each is measured within one run.
 */
const starters: readonly (readonly [name: string, start: Starter])[] = [
  ['simd', (threads) => createSimdEngine({ threads })],
  ['simd-1-thread', () => createSimdEngine({ threads: 1 }, 'simd-1-thread')],
  ['simd-no-winograd', singleThreaded(() => createSimdEngine({ threads: 1, winograd: 0 }, 'simd-no-winograd'))],
  ['onnxruntime-node', createNativeEngine],
  ['onnxruntime-web', createWebEngine],
  ['tfjs-wasm', createTfWasmEngine],
  ['jax-js', singleThreaded(createJaxEngine)],
  ['reference', singleThreaded(async () => createReferenceEngine())],
  ['tfjs-cpu', singleThreaded(createTfCpuEngine)],
  ['ml-matrix', singleThreaded(createMlMatrixEngine)],
  ['lapack', singleThreaded(createLapackEngine)],
];

/** The others make no decompositions. */
const linalgEngines: ReadonlySet<string> = new Set(['simd', 'reference', 'ml-matrix', 'lapack']);

/** Whether an engine is there for a group: LAPACK for linear algebra alone, which only some have. */
export function takesPart(name: string, group: Group): boolean {
  return group === 'linalg' ? linalgEngines.has(name) : name !== 'lapack';
}

export interface StartedEngines {
  readonly engines: readonly Engine[];
  readonly missing: readonly MissingEngine[];
}

export async function startEngines(threads: number, groups: readonly Group[]): Promise<StartedEngines> {
  const engines: Engine[] = [];
  const missing: MissingEngine[] = [];
  for (const [name, start] of starters) {
    if (name === 'simd-1-thread' && threads === 1) continue;
    if (!groups.some((group) => takesPart(name, group))) continue;
    try {
      const started = await start(threads);
      if (isNotMeasured(started)) missing.push({ name, reason: started.reason });
      else engines.push(started);
    } catch (error) {
      const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
      missing.push({ name, reason: `did not start: ${line}` });
    }
  }
  return { engines, missing };
}

function singleThreaded(start: () => Promise<Engine | NotMeasured>): Starter {
  return async (threads) => (threads === 1 ? start() : { reason: 'measured with one thread only' });
}
