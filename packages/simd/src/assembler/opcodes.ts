/**
 * The one table of WebAssembly instructions. The encoder, the validator and the disassembler read it; the typed constructors of
 * `instructions.ts` get their TypeScript types from it.
 *
 * A row gives the bytes of the opcode, the kind of its immediate, the types it pops and the types it pushes. Instructions whose
 * types depend on where they stand (control, locals, globals, drop, select, call) are not rows: `structure.ts` has them.
 *
 * Source: WebAssembly Core Specification 2.0, §5.4 (binary format of instructions); relaxed SIMD and threads proposals.
 */

import { atomicOpcodes } from './opcodes/atomics.ts';
import { relaxedOpcodes } from './opcodes/relaxed.ts';
import { scalarOpcodes } from './opcodes/scalar.ts';
import { simdOpcodes } from './opcodes/simd.ts';

export type { Feature, ImmediateKind, Opcode, ValueType } from './opcodes/row.ts';

export const opcodes = { ...scalarOpcodes, ...simdOpcodes, ...relaxedOpcodes, ...atomicOpcodes } as const;

export type OpcodeName = keyof typeof opcodes;
