/** Codes of the binary format that are not rows of the opcode table: sections, types and structured control (§5.3–5.5). */

import type { ValueType } from './opcodes.ts';

export const valueTypeCodes: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
};

export const structure = {
  unreachable: 0x00,
  nop: 0x01,
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  br_if: 0x0d,
  br_table: 0x0e,
  return: 0x0f,
  call: 0x10,
  call_indirect: 0x11,
  drop: 0x1a,
  select: 0x1b,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  emptyBlock: 0x40,
  functionType: 0x60,
  funcref: 0x70,
} as const;

export const sections = {
  type: 1,
  import: 2,
  function: 3,
  table: 4,
  export: 7,
  element: 9,
  code: 10,
} as const;

/** Of imports and exports. */
export const externalKinds = { function: 0, table: 1, memory: 2 } as const;

/** What follows of a memory's or table's limits. */
export const limits = { initialOnly: 0, withMaximum: 1, shared: 3 } as const;
