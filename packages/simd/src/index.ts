/** Kernels in WebAssembly SIMD, emitted at run time, and the assembler that emits them. */

export { disassemble } from './assembler/disassemble.ts';
export type { FunctionBuilder, Label, Local } from './assembler/functionBuilder.ts';
export {
  atomic,
  call,
  callIndirect,
  f32,
  f32x4,
  f64,
  f64x2,
  i16x8,
  i32,
  i32x4,
  i64,
  i64x2,
  i8x16,
  memory,
  select,
  v128,
} from './assembler/instructions.ts';
export type { Callee, Expression, ResultType, Signature } from './assembler/instructions.ts';
export { moduleBuilder } from './assembler/moduleBuilder.ts';
export type { MemoryLimits, ModuleBuilder } from './assembler/moduleBuilder.ts';
export type { Feature, OpcodeName, ValueType } from './assembler/opcodes.ts';
export { validateModule } from './assembler/validateModule.ts';
export type { ModuleSummary } from './assembler/validateModule.ts';
export { probeFeatures } from './features.ts';
export type { Environment, Features } from './features.ts';
export { createSimdKernels } from './run/simdKernels.ts';
export type { SimdKernels, SimdOptions } from './run/simdKernels.ts';
export { MemoryError } from './run/heap.ts';
export { createKernelPool } from './threads/kernelPool.ts';
export type { KernelPool } from './threads/kernelPool.ts';
export type { CreateWorker, WorkerKind } from './threads/startWorkers.ts';
export type { ThreadOptions } from './threads/threadOptions.ts';
export { WorkerError } from './threads/workerError.ts';
export type { NodeWorkerLike, WebWorkerLike, WorkerLike } from './threads/workerPort.ts';
