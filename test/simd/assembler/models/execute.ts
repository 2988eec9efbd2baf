/** Executes one opcode: operands come from memory and the result goes there, so that no bit passes through a JavaScript number. */

import type { ModuleBuilder } from '@rankwise/simd';
import { moduleBuilder } from '@rankwise/simd';
import * as instructions from '../../../../packages/simd/src/assembler/instructions.ts';
import type { Expression } from '../../../../packages/simd/src/assembler/instructions.ts';
import type { Opcode, ValueType } from '../../../../packages/simd/src/assembler/opcodes.ts';
import { createRandom } from '@rankwise/tensor';
import { join, split } from './lanes.ts';
import type { Context } from './lanes.ts';

/** Operands lie at 0, 16 and 32, the result at 48; tests use the memory from 1024 on. */
const resultPlace = 48;

export type Immediates = Pick<Context, 'offset' | 'lane' | 'immediate'>;

type Namespaces = Readonly<Record<string, Readonly<Record<string, (...args: unknown[]) => Expression>>>>;

/** The constructor of an opcode, from its name, with its immediates put in. */
export function constructorOf(
  name: string,
  opcode: Opcode,
  { offset, lane, immediate }: Immediates,
): (operands: readonly Expression[]) => Expression {
  const found = instructionNamed(name);
  const extras: Partial<Record<Opcode['immediate'], unknown[]>> = {
    memory: [offset],
    memoryLane: [lane, offset],
    lane: [lane],
  };
  return (operands) => found(...operands, ...(extras[opcode.immediate] ?? [immediate]));
}

function instructionNamed(name: string): (...args: unknown[]) => Expression {
  const dot = name.indexOf('.');
  // Namespaces hold one function for each opcode; which one is known only here.
  const found = (instructions as unknown as Namespaces)[name.slice(0, dot)]?.[name.slice(dot + 1)];
  if (found === undefined) throw new Error(`no constructor for ${name}`);
  return found;
}

export const machine = (memory: WebAssembly.Memory, module: ModuleBuilder): WebAssembly.Exports =>
  new WebAssembly.Instance(new WebAssembly.Module(module.encode()), { env: { memory } }).exports;

/** Immediates worth trying. */
export function immediatesOf({ immediate, width, lanes }: Opcode): Immediates[] {
  const none: Immediates = { offset: 0, lane: 0, immediate: undefined };
  const random = createRandom(5);
  const bytes = (below: number): number[] => Array.from({ length: 16 }, () => random.integer(below));
  switch (immediate) {
    case 'memory':
      return [none, { ...none, offset: 2 ** width }];
    case 'memoryLane':
      return Array.from({ length: lanes }, (_, lane) => ({ ...none, lane, offset: lane % 2 }));
    case 'lane':
      return Array.from({ length: lanes }, (_, lane) => ({ ...none, lane }));
    case 'lanes':
      return [...Array.from({ length: 6 }, () => bytes(lanes)), Array.from({ length: 16 }, (_, i) => 2 * i + 1)].map(
        (list) => ({ ...none, immediate: list }),
      );
    case 'v128':
      return [bytes(256), bytes(256)].map((list) => ({ ...none, immediate: list }));
    case 'i32':
      return [0, 1, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31), 2 ** 32 - 1].map((value) => ({
        ...none,
        immediate: value,
      }));
    case 'i64':
      return [0n, -1n, 63n, 64n, -64n, -65n, 2n ** 63n - 1n, -(2n ** 63n), 2n ** 64n - 1n].map((value) => ({
        ...none,
        immediate: value,
      }));
    case 'f32':
    case 'f64':
      return [0, -0, 1.1, -Infinity, 2 ** -149, Number.MAX_VALUE, NaN].map((value) => ({ ...none, immediate: value }));
    default:
      return [none];
  }
}

/** @returns a function that executes the opcode and throws what it throws; the result is undefined if there is none */
export function executor(
  memory: WebAssembly.Memory,
  name: string,
  opcode: Opcode,
  immediates: Immediates,
): (args: readonly bigint[]) => bigint | undefined {
  const module = moduleBuilder({ initial: 1, maximum: 1, shared: true });
  const operands = opcode.takes.map((type, i) => instructionNamed(`${type}.load`)(instructions.i32.const(16 * i)));
  const expression = constructorOf(name, opcode, immediates)(operands);
  module.func('run', [], [], (f) => {
    // A store takes an address and a value and leaves nothing, as `do` wants it.
    if (opcode.gives === 'none') f.do(expression as Expression<'none'>);
    else
      f.do(
        instructionNamed(`${opcode.gives}.store`)(
          instructions.i32.const(resultPlace),
          expression,
        ) as Expression<'none'>,
      );
  });
  // Exported under this name two lines above, without parameters.
  const run = machine(memory, module)['run'] as () => void;
  return (args) => {
    const bytes = new Uint8Array(memory.buffer);
    for (const [i, bits] of args.entries()) bytes.set(split(bits, 8).map(Number), 16 * i);
    run();
    return opcode.gives === 'none' ? undefined : readResult(bytes, opcode.gives);
  };
}

function readResult(bytes: Uint8Array, type: ValueType): bigint {
  const size = type === 'v128' ? 16 : Number(type.slice(1)) / 8;
  return join(Array.from(bytes.subarray(resultPlace, resultPlace + size), BigInt), 8);
}
