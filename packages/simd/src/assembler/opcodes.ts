/**
 * The one table of WebAssembly instructions. The encoder, the validator and the disassembler read it; the typed constructors of
 * `instructions.ts` get their TypeScript types from it.
 *
 * A row gives the bytes of the opcode, the kind of its immediate, the types it pops and the types it pushes. Instructions whose
 * types depend on where they stand (control, locals, globals, drop, select, call) are not rows: `structure.ts` has them.
 *
 * Source: WebAssembly Core Specification 2.0, §5.4 (binary format of instructions); relaxed SIMD and threads proposals.
 */

export type ValueType = 'i32' | 'i64' | 'f32' | 'f64' | 'v128';

export type ImmediateKind =
  | 'none'
  /** Alignment exponent and offset. */
  | 'memory'
  /** Alignment, offset and a lane. */
  | 'memoryLane'
  | 'lane'
  /** 16 lane indices. */
  | 'lanes'
  | 'i32'
  | 'i64'
  | 'f32'
  | 'f64'
  /** 16 bytes. */
  | 'v128'
  /** One zero byte: the index of the only memory. */
  | 'memoryIndex'
  /** Two zero bytes. */
  | 'memoryPair'
  /** One zero byte of atomic.fence. */
  | 'fence';

export interface Opcode<
  Takes extends readonly ValueType[] = readonly ValueType[],
  Gives extends ValueType | 'none' = ValueType | 'none',
  Kind extends ImmediateKind = ImmediateKind,
> {
  /** 0 for one-byte opcodes, else the prefix byte 0xfc, 0xfd or 0xfe. */
  readonly prefix: number;
  readonly code: number;
  readonly takes: Takes;
  readonly gives: Gives;
  readonly immediate: Kind;
  /** log2 of the bytes accessed; memory instructions only. */
  readonly width: number;
  readonly feature: Feature;
}

export type Feature = 'mvp' | 'bulk' | 'simd' | 'relaxed' | 'threads';

const i32 = 'i32';
const f32 = 'f32';
const f64 = 'f64';
const v128 = 'v128';

export const opcodes = {
  'i32.load': access(0x28, [i32], i32, 2),
  'f32.load': access(0x2a, [i32], f32, 2),
  'f64.load': access(0x2b, [i32], f64, 3),
  'i32.store': access(0x36, [i32, i32], 'none', 2),
  'f32.store': access(0x38, [i32, f32], 'none', 2),
  'f64.store': access(0x39, [i32, f64], 'none', 3),
  'i32.const': constant(0x41, i32),
  'f32.const': constant(0x43, f32),
  'f64.const': constant(0x44, f64),
  'i32.eqz': plain(0x45, [i32], i32),
  'i32.eq': plain(0x46, [i32, i32], i32),
  'i32.ne': plain(0x47, [i32, i32], i32),
  'i32.lt_s': plain(0x48, [i32, i32], i32),
  'i32.lt_u': plain(0x49, [i32, i32], i32),
  'i32.gt_u': plain(0x4b, [i32, i32], i32),
  'i32.ge_u': plain(0x4f, [i32, i32], i32),
  'i32.add': plain(0x6a, [i32, i32], i32),
  'i32.sub': plain(0x6b, [i32, i32], i32),
  'i32.mul': plain(0x6c, [i32, i32], i32),
  'i32.div_u': plain(0x6e, [i32, i32], i32),
  'i32.rem_u': plain(0x70, [i32, i32], i32),
  'i32.and': plain(0x71, [i32, i32], i32),
  'i32.shl': plain(0x74, [i32, i32], i32),
  'i32.shr_u': plain(0x76, [i32, i32], i32),
  'f32.add': plain(0x92, [f32, f32], f32),
  'f32.mul': plain(0x94, [f32, f32], f32),
  'v128.load': vectorAccess(0x00, [i32], v128, 4),
  'v128.load32_splat': vectorAccess(0x09, [i32], v128, 2),
  'v128.load64_splat': vectorAccess(0x0a, [i32], v128, 3),
  'v128.store': vectorAccess(0x0b, [i32, v128], 'none', 4),
  'v128.const': vector(0x0c, [], v128, 'v128'),
  'i8x16.shuffle': vector(0x0d, [v128, v128], v128, 'lanes'),
  'f32x4.splat': vector(0x13, [f32], v128, 'none'),
  'f64x2.splat': vector(0x14, [f64], v128, 'none'),
  'f32x4.add': vector(0xe4, [v128, v128], v128, 'none'),
  'f32x4.sub': vector(0xe5, [v128, v128], v128, 'none'),
  'f32x4.mul': vector(0xe6, [v128, v128], v128, 'none'),
  'f32x4.max': vector(0xe9, [v128, v128], v128, 'none'),
  'f32x4.pmax': vector(0xeb, [v128, v128], v128, 'none'),
  'f64x2.add': vector(0xf0, [v128, v128], v128, 'none'),
  'f64x2.mul': vector(0xf2, [v128, v128], v128, 'none'),
  'f32x4.relaxed_madd': relaxed(0x105, [v128, v128, v128], v128),
  'f32x4.relaxed_nmadd': relaxed(0x106, [v128, v128, v128], v128),
  'f64x2.relaxed_madd': relaxed(0x107, [v128, v128, v128], v128),
} as const;

export type OpcodeName = keyof typeof opcodes;

function plain<const T extends readonly ValueType[], const G extends ValueType | 'none'>(
  code: number,
  takes: T,
  gives: G,
): Opcode<T, G, 'none'> {
  return { prefix: 0, code, takes, gives, immediate: 'none', width: 0, feature: 'mvp' };
}

function access<const T extends readonly ValueType[], const G extends ValueType | 'none'>(
  code: number,
  takes: T,
  gives: G,
  width: number,
): Opcode<T, G, 'memory'> {
  return { prefix: 0, code, takes, gives, immediate: 'memory', width, feature: 'mvp' };
}

function constant<const G extends 'i32' | 'i64' | 'f32' | 'f64'>(code: number, gives: G): Opcode<readonly [], G, G> {
  return { prefix: 0, code, takes: [], gives, immediate: gives, width: 0, feature: 'mvp' };
}

function vector<
  const T extends readonly ValueType[],
  const G extends ValueType | 'none',
  const K extends ImmediateKind,
>(code: number, takes: T, gives: G, immediate: K): Opcode<T, G, K> {
  return { prefix: 0xfd, code, takes, gives, immediate, width: 0, feature: 'simd' };
}

function vectorAccess<const T extends readonly ValueType[], const G extends ValueType | 'none'>(
  code: number,
  takes: T,
  gives: G,
  width: number,
): Opcode<T, G, 'memory'> {
  return { prefix: 0xfd, code, takes, gives, immediate: 'memory', width, feature: 'simd' };
}

function relaxed<const T extends readonly ValueType[], const G extends ValueType | 'none'>(
  code: number,
  takes: T,
  gives: G,
): Opcode<T, G, 'none'> {
  return { prefix: 0xfd, code, takes, gives, immediate: 'none', width: 0, feature: 'relaxed' };
}
