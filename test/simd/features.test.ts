import { createContext, runInContext } from 'node:vm';
import { probeFeatures } from '@rankwise/simd';
import type { Environment } from '@rankwise/simd';
import { describe, expect, it } from 'vitest';
import { run } from '../kit/builtPackages.ts';
import { repositoryRoot } from '../kit/repository.ts';

const nothing = { webAssembly: false, simd: false, relaxedSimd: false, threads: false };

/** The globals of another context of this engine. */
function globalsOf(options: { readonly wasm: boolean }): Environment {
  const context = createContext({}, { codeGeneration: { strings: true, wasm: options.wasm } });
  return runInContext('({ WebAssembly, SharedArrayBuffer })', context) as Environment;
}

describe('probeFeatures', () => {
  it('finds what every supported Node has', () => {
    expect(probeFeatures()).toMatchObject({ webAssembly: true, reason: undefined, simd: true, threads: true });
  });

  it('finds the same in another context', () => {
    expect(probeFeatures(globalsOf({ wasm: true }))).toEqual(probeFeatures());
  });

  it('says that compiling is forbidden, though modules validate', () => {
    const environment = globalsOf({ wasm: false });
    expect(environment.WebAssembly?.validate(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))).toBe(true);
    const { reason, ...features } = probeFeatures(environment);
    expect(features).toEqual(nothing);
    expect(reason).toMatch(/^WebAssembly may not compile here: .*(?:disallowed|blocked)/);
  });

  it('says that there is no WebAssembly', () => {
    expect(probeFeatures({})).toEqual({ ...nothing, reason: 'this engine has no WebAssembly' });
  });

  it('finds no threads without SharedArrayBuffer', () => {
    expect(probeFeatures({ WebAssembly })).toEqual({ ...probeFeatures(), threads: false });
  });

  it('finds no threads where shared memory cannot be made', () => {
    class Memory extends WebAssembly.Memory {
      constructor(descriptor: WebAssembly.MemoryDescriptor) {
        if (descriptor.shared === true) throw new TypeError('no shared memory');
        super(descriptor);
      }
    }
    const { validate, Module } = WebAssembly;
    expect(probeFeatures({ WebAssembly: { validate, Module, Memory }, SharedArrayBuffer }).threads).toBe(false);
  });

  it('takes each feature from its own module', () => {
    const { Module, Memory } = WebAssembly;
    const without = (opcode: readonly number[]): Environment => ({
      SharedArrayBuffer,
      WebAssembly: {
        Module,
        Memory,
        validate: (bytes) => !Buffer.from(bytes as Uint8Array).includes(Buffer.from(opcode)),
      },
    });
    expect(probeFeatures(without([0xfd, 0xe6, 0x01]))).toMatchObject({ simd: false, relaxedSimd: true, threads: true });
    expect(probeFeatures(without([0xfd, 0x85, 0x02]))).toMatchObject({ simd: true, relaxedSimd: false, threads: true });
    expect(probeFeatures(without([0xfe, 0x10]))).toMatchObject({ simd: true, relaxedSimd: true, threads: false });
  });

  it('never throws, whatever the engine does', () => {
    function refuse(): never {
      throw new Error('refused');
    }
    const { validate, Module, Memory } = WebAssembly;
    const hostile: Environment[] = [
      { WebAssembly: { validate: refuse, Module, Memory }, SharedArrayBuffer },
      { WebAssembly: { validate, Module: refuse as unknown as typeof Module, Memory }, SharedArrayBuffer },
      {
        get WebAssembly(): typeof WebAssembly {
          return refuse();
        },
      },
    ];
    expect(hostile.map((environment) => probeFeatures(environment).simd)).toEqual([false, false, false]);
    expect(probeFeatures(hostile[0]).webAssembly).toBe(true);
    expect(probeFeatures(hostile[1]).reason).toBe('WebAssembly may not compile here: refused');
  });

  it('says what a real engine without WebAssembly lacks', () => {
    const program = `import { probeFeatures } from '@rankwise/simd'; console.log(JSON.stringify(probeFeatures()));`;
    const flags = [
      '--jitless',
      '--conditions=rankwise-source',
      '--import',
      'tsx',
      '--input-type=module',
      '-e',
      program,
    ];
    const { status, stdout } = run(process.execPath, flags, repositoryRoot);
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toEqual({ ...nothing, reason: 'this engine has no WebAssembly' });
  });
});
