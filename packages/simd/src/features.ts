/**
 * What this engine can run, found by asking it: tiny modules are validated, and one is compiled, because a content security policy
 * without 'wasm-unsafe-eval' lets modules validate and forbids only their compilation (WebAssembly JavaScript Interface, §4.2).
 *
 * Nothing here throws, whatever the engine lacks. The cost is a few hundred bytes to validate; results are not cached.
 */

import { f32x4, i32 } from './assembler/instructions.ts';
import { moduleBuilder } from './assembler/moduleBuilder.ts';
import type { ModuleBuilder } from './assembler/moduleBuilder.ts';

export interface Features {
  /** Whether modules can be compiled here. If not, nothing below holds either. */
  readonly webAssembly: boolean;
  /** Why not, for a person to read; undefined when `webAssembly` is true. */
  readonly reason: string | undefined;
  /** 128-bit vectors. */
  readonly simd: boolean;
  /** Multiply-add in one instruction, whose rounding is the machine's choice. */
  readonly relaxedSimd: boolean;
  /** Shared memory with atomic operations. */
  readonly threads: boolean;
}

/** What is asked of the global object. */
export interface Environment {
  readonly WebAssembly?: Pick<typeof WebAssembly, 'validate' | 'Module' | 'Memory'>;
  readonly SharedArrayBuffer?: SharedArrayBufferConstructor;
}

/**
 * Finds out what the engine can run.
 *
 * @param environment - the global object, or one like it
 * @example
 * import { probeFeatures } from '@rankwise/simd';
 * const { webAssembly, reason, simd } = probeFeatures({});
 * webAssembly // => false
 * reason // => 'this engine has no WebAssembly'
 * simd // => false
 */
export function probeFeatures(environment: Environment = globalThis): Features {
  const reason = whyNot(environment);
  if (reason !== undefined) return { webAssembly: false, reason, simd: false, relaxedSimd: false, threads: false };
  return {
    webAssembly: true,
    reason: undefined,
    simd: validates(environment, false, (module) =>
      module.func('probe', ['v128', 'v128'], ['v128'], (f, a, b) => f.result(f32x4.mul(a.get(), b.get()))),
    ),
    relaxedSimd: validates(environment, false, (module) =>
      module.func('probe', ['v128', 'v128', 'v128'], ['v128'], (f, a, b, c) =>
        f.result(f32x4.relaxed_madd(a.get(), b.get(), c.get())),
      ),
    ),
    threads: sharesMemory(environment),
  };
}

function whyNot(environment: Environment): string | undefined {
  try {
    const engine = environment.WebAssembly;
    if (engine === undefined) return 'this engine has no WebAssembly';
    const bytes = moduleBuilder({ initial: 0, maximum: 0, shared: false }).encode();
    return new engine.Module(bytes) instanceof engine.Module ? undefined : 'WebAssembly compiles to nothing';
  } catch (error) {
    return `WebAssembly may not compile here: ${error instanceof Object && 'message' in error ? String(error.message) : String(error)}`;
  }
}

/**
 * Where pages are not isolated from other origins there is no SharedArrayBuffer, though modules with shared memory validate and the
 * memory can even be made: it could not be sent to a worker.
 */
function sharesMemory(environment: Environment): boolean {
  const { SharedArrayBuffer: Shared, WebAssembly: engine } = environment;
  if (typeof Shared !== 'function' || engine === undefined) return false;
  try {
    const { buffer } = new engine.Memory({ initial: 0, maximum: 1, shared: true });
    return (
      buffer instanceof Shared &&
      validates(environment, true, (module) =>
        module.func('probe', ['i32'], ['i32'], (f, address) => f.result(i32['atomic.load'](address.get()))),
      )
    );
  } catch {
    return false;
  }
}

function validates(environment: Environment, shared: boolean, define: (module: ModuleBuilder) => void): boolean {
  const module = moduleBuilder({ initial: 0, maximum: 1, shared });
  define(module);
  try {
    return environment.WebAssembly?.validate(module.encode()) === true;
  } catch {
    return false;
  }
}
