/** An instruction in the text format (Core Specification 2.0, §6.5). */

import type { Instruction, ReadImmediate } from './readInstruction.ts';

export function instructionText(instruction: Instruction): string {
  const { name } = instruction;
  switch (instruction.kind) {
    case 'bare':
      return name;
    case 'block':
      if (instruction.type === 'none') return name;
      return `${name} (${typeof instruction.type === 'number' ? 'type' : 'result'} ${instruction.type})`;
    case 'index':
      return `${name} ${instruction.index}`;
    case 'branchTable':
      return `${name} ${instruction.labels.join(' ')}`;
    case 'indirect':
      return `${name} (type ${instruction.type})`;
    case 'plain':
      return name + immediateText(instruction.immediate, instruction.opcode.width);
  }
}

/** @param width - log2 of the natural alignment, which goes without saying */
function immediateText(immediate: ReadImmediate, width: number): string {
  switch (immediate.kind) {
    case 'memory':
      return addressText(immediate, width);
    case 'memoryLane':
      return `${addressText(immediate, width)} ${immediate.lane}`;
    case 'lane':
      return ` ${immediate.lane}`;
    case 'i32':
    case 'i64':
      return ` ${immediate.value}`;
    case 'f32':
    case 'f64':
      return ` ${floatText(immediate.bytes)}`;
    case 'lanes':
      return ` ${immediate.bytes.join(' ')}`;
    case 'v128':
      return ` i8x16 ${Array.from(immediate.bytes, (byte) => `0x${hex(byte)}`).join(' ')}`;
    default:
      return '';
  }
}

function addressText({ align, offset }: { readonly align: number; readonly offset: number }, width: number): string {
  const shownOffset = offset === 0 ? '' : ` offset=${offset}`;
  return align === width ? shownOffset : `${shownOffset} align=${2 ** align}`;
}

/** The shortest decimal that reads back as the same double, or sign and payload of a NaN. */
function floatText(bytes: Uint8Array): string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const value = bytes.length === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true);
  if (Object.is(value, -0)) return '-0';
  if (!Number.isNaN(value)) return String(value).replace('Infinity', 'inf');
  const bits = Array.from(bytes.toReversed(), hex).join('');
  const fraction = BigInt(`0x${bits}`) & (bytes.length === 4 ? 0x7f_ffffn : 0xf_ffff_ffff_ffffn);
  return `${bits >= '8' ? '-' : ''}nan:0x${fraction.toString(16)}`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}
