/** What a row of the opcode table says, and makers of the commonest rows. */

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

/** The proposal that brought an instruction. */
export type Feature = 'mvp' | 'signExtension' | 'saturating' | 'bulk' | 'simd' | 'relaxed' | 'threads';

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
  /** Of the lanes an immediate chooses from; 0 where there is none. */
  readonly lanes: number;
  readonly feature: Feature;
}

type Types = readonly ValueType[];
type Result = ValueType | 'none';

/** A row without immediate. */
export function plain<const T extends Types, const G extends Result>(
  code: number,
  takes: T,
  gives: G,
  feature: Feature = 'mvp',
): Opcode<T, G, 'none'> {
  return withImmediate(code, takes, gives, 'none', feature);
}

/** A row whose immediate needs neither width nor lanes. */
export function withImmediate<const T extends Types, const G extends Result, const K extends ImmediateKind>(
  code: number,
  takes: T,
  gives: G,
  immediate: K,
  feature: Feature,
): Opcode<T, G, K> {
  return { prefix: prefixes[feature], code, takes, gives, immediate, width: 0, lanes: 0, feature };
}

/** A load, a store or an atomic access of 2^width bytes. */
export function access<const T extends Types, const G extends Result>(
  code: number,
  takes: T,
  gives: G,
  width: number,
  feature: Feature = 'mvp',
): Opcode<T, G, 'memory'> {
  return { prefix: prefixes[feature], code, takes, gives, immediate: 'memory', width, lanes: 0, feature };
}

const prefixes: Readonly<Record<Feature, number>> = {
  mvp: 0,
  signExtension: 0,
  saturating: 0xfc,
  bulk: 0xfc,
  simd: 0xfd,
  relaxed: 0xfd,
  threads: 0xfe,
};
