/** Kernels in WebAssembly SIMD, emitted at run time, and the assembler that emits them. */

export type { ModuleBuilder } from './assembler/moduleBuilder.ts';
