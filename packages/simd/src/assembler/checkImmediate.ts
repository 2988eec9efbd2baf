/** The ranges of immediates (Core Specification, §3.3 and §5.4). */

import type { Immediate } from './instructions.ts';
import type { Opcode } from './opcodes.ts';

export interface Mistake {
  readonly what: string;
  readonly expected: string;
  readonly got: string;
}

/** What is wrong with an immediate, if anything is. */
export function checkImmediate(opcode: Opcode, immediate: Immediate): Mistake | undefined {
  switch (opcode.immediate) {
    case 'memory':
    case 'memoryLane':
      return checkMemory(opcode, immediate);
    case 'lane':
      return inRange('lane', immediate, 0, opcode.lanes - 1);
    case 'lanes':
      return checkBytes('lanes', immediate, opcode.lanes - 1);
    case 'v128':
      return checkBytes('bytes', immediate, 0xff);
    case 'i32':
      return inRange('value', immediate, -(2 ** 31), 2 ** 32 - 1);
    case 'i64':
      if (typeof immediate === 'bigint' && immediate >= -(2n ** 63n) && immediate < 2n ** 64n) return undefined;
      return { what: 'value', expected: 'a bigint from -2^63 to 2^64 - 1', got: shown(immediate) };
    case 'f32':
    case 'f64':
      return typeof immediate === 'number' ? undefined : { what: 'value', expected: 'a number', got: shown(immediate) };
    default:
      return undefined;
  }
}

/** A smaller alignment than natural is a hint that costs nothing to give up; atomic accesses have no choice (threads proposal). */
function checkMemory({ width, lanes, feature, immediate: kind }: Opcode, immediate: Immediate): Mistake | undefined {
  if (typeof immediate !== 'object' || !('align' in immediate))
    return { what: 'immediate', expected: 'alignment and offset', got: shown(immediate) };
  return (
    inRange('align', immediate.align, feature === 'threads' ? width : 0, width) ??
    inRange('offset', immediate.offset, 0, 2 ** 32 - 1) ??
    (kind === 'memoryLane' ? inRange('lane', immediate.lane, 0, lanes - 1) : undefined)
  );
}

function checkBytes(what: string, immediate: Immediate, most: number): Mistake | undefined {
  if (!Array.isArray(immediate) || immediate.length !== 16)
    return { what, expected: '16 numbers', got: Array.isArray(immediate) ? `${immediate.length}` : shown(immediate) };
  for (const value of immediate as readonly unknown[]) {
    const mistake = inRange(what, value, 0, most);
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}

function inRange(what: string, value: unknown, least: number, most: number): Mistake | undefined {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) return undefined;
  return { what, expected: `an integer from ${least} to ${most}`, got: shown(value) };
}

function shown(value: unknown): string {
  return typeof value === 'object' ? 'an object' : String(value);
}
