/**
 * The operand and control stacks of the validation algorithm (Core Specification 2.0, appendix A.3), which computes types where
 * execution would compute values.
 *
 * After an unconditional branch the operand stack is polymorphic down to its frame's height: popping there gives 'unknown', which is
 * any type.
 */

import type { Signature } from './instructions.ts';
import type { ValueType } from './opcodes.ts';

export type StackType = ValueType | 'unknown';

export interface Frame {
  readonly kind: 'function' | 'block' | 'loop' | 'if' | 'else';
  readonly type: Signature;
  readonly height: number;
  /** Whether code here cannot be reached. */
  polymorphic: boolean;
}

export interface TypeStack {
  push(types: readonly StackType[]): void;
  /** Pops types that must be these, the last first, and gives what was there. */
  pop(types: readonly ValueType[]): readonly StackType[];
  popAny(): StackType;
  /** Enters a block, whose parameters are on the stack. */
  open(kind: Frame['kind'], type: Signature): void;
  /** Leaves the innermost block, whose results and nothing else must be on the stack. */
  close(): Frame;
  /** What follows in this block is not reached. */
  abandon(): void;
  /** The frame `depth` blocks outwards. */
  frame(depth: number): Frame | undefined;
}

/** @param fail - throws for the instruction at hand */
export function typeStack(fail: (expected: string, got: string) => never): TypeStack {
  const operands: StackType[] = [];
  const frames: Frame[] = [];
  const innermost = (): Frame => frames.at(-1) ?? fail('a block', 'none');
  const popOne = (expected: StackType): StackType => {
    const frame = innermost();
    if (operands.length === frame.height)
      return frame.polymorphic ? 'unknown' : fail(expected === 'unknown' ? 'a value' : expected, 'an empty stack');
    // Above a frame's height there is an operand.
    const got = operands.pop() ?? 'unknown';
    if (got !== expected && got !== 'unknown' && expected !== 'unknown') fail(expected, got);
    return got;
  };
  const stack: TypeStack = {
    push: (types) => {
      for (const type of types) operands.push(type);
    },
    pop: (types) => types.toReversed().map(popOne).toReversed(),
    popAny: () => popOne('unknown'),
    open: (kind, type) => {
      frames.push({ kind, type, height: operands.length, polymorphic: false });
      stack.push(type.params);
    },
    close: () => {
      const frame = innermost();
      stack.pop(frame.type.results);
      if (operands.length > frame.height)
        fail(`${frame.type.results.length} values at the end`, `${operands.length - frame.height} more`);
      frames.pop();
      return frame;
    },
    abandon: () => {
      const frame = innermost();
      operands.length = frame.height;
      frame.polymorphic = true;
    },
    frame: (depth) => frames[frames.length - 1 - depth],
  };
  return stack;
}

/** What a branch to the frame carries: a loop is repeated from its start. */
export function labelTypes(frame: Frame): readonly ValueType[] {
  return frame.kind === 'loop' ? frame.type.params : frame.type.results;
}
