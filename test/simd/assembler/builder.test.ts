import { call, callIndirect, f32, f32x4, i32, i64, i8x16, moduleBuilder, select, v128 } from '@rankwise/simd';
import type { Expression, FunctionBuilder, Label, Local, ModuleBuilder } from '@rankwise/simd';
import { DomainError } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { machine } from './models/execute.ts';

const builder = (): ModuleBuilder => moduleBuilder({ initial: 1, maximum: 1, shared: true });

/** Runs the exports of a module; each is a function of numbers. */
function run(module: ModuleBuilder): Record<string, (...args: number[]) => number> {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  return machine(memory, module) as Record<string, (...args: number[]) => number>;
}

const refuse = (
  params: readonly 'i32'[],
  results: readonly 'i32'[],
  write: (f: FunctionBuilder, x: Local<'i32'>) => void,
) => expect(() => builder().func('bad', params, results, (f, x) => write(f, x as Local<'i32'>)));

describe('functions', () => {
  it('count', () => {
    const module = builder();
    module.func('sum', ['i32', 'i32'], ['i32'], (f, from, to) => {
      const [sum, i] = [f.local('i32'), f.local('i32')];
      f.count(i, from.get(), to.get(), 2, () => f.set(sum, i32.add(sum.get(), i.get())));
      f.result(sum.get());
    });
    const { sum } = run(module);
    expect([sum?.(0, 0), sum?.(0, 1), sum?.(0, 7), sum?.(3, 8), sum?.(8, 3)]).toEqual([0, 0, 12, 15, 0]);
  });

  it('branch by a table and return early', () => {
    const module = builder();
    module.func('name', ['i32'], ['i32'], (f, x) => {
      f.if(i32.eq(x.get(), i32.const(7)), () => f.return(i32.const(70)));
      f.block((outer) => {
        f.block((middle) => {
          f.block((inner) => f.branchTable(x.get(), [inner, middle], outer));
          f.return(i32.const(10));
        });
        f.return(i32.const(20));
      });
      f.result(i32.const(30));
    });
    const { name } = run(module);
    expect([0, 1, 2, 7, -1].map((x) => name?.(x))).toEqual([10, 20, 30, 70, 30]);
  });

  it('trap where they must not be', () => {
    const module = builder();
    module.func('never', [], ['i32'], (f) => f.unreachable());
    expect(() => run(module)['never']?.()).toThrow('unreachable');
  });

  it('choose and call by index; a wrong signature traps', () => {
    const module = builder();
    const one = module.func('one', [], ['i32'], (f) => f.result(i32.const(1)));
    const same = module.func('same', ['i32'], ['i32'], (f, x) => f.result(x.get()));
    module.table([one, same]);
    module.func('apply', ['i32'], ['i32'], (f, i) => f.result(callIndirect(same, 'i32', i.get(), i32.const(42))));
    module.func('pick', ['i32'], ['i32'], (f, x) => f.result(select(i32.const(5), i32.const(6), x.get())));
    const { apply, pick } = run(module);
    expect([apply?.(1), pick?.(0), pick?.(9)]).toEqual([42, 6, 5]);
    expect(() => apply?.(0)).toThrow(WebAssembly.RuntimeError);
    expect(() => apply?.(2)).toThrow(WebAssembly.RuntimeError);
  });
});

describe('the builder refuses', () => {
  const zeros = Array.from({ length: 16 }, () => 0);
  const vector = v128.const(zeros);
  const immediates: [what: string, expression: () => Expression, message: string][] = [
    [
      'a lane too high',
      () => f32x4.extract_lane(vector, 4),
      'f32x4.extract_lane: lane: expected an integer from 0 to 3, got 4',
    ],
    [
      'a lane below zero',
      () => i8x16.extract_lane_s(vector, -1),
      'i8x16.extract_lane_s: lane: expected an integer from 0 to 15, got -1',
    ],
    [
      'half a lane',
      () => i8x16.extract_lane_u(vector, 0.5),
      'i8x16.extract_lane_u: lane: expected an integer from 0 to 15, got 0.5',
    ],
    [
      'a lane of memory too high',
      () => v128.load64_lane(i32.const(0), vector, 2),
      'v128.load64_lane: lane: expected an integer from 0 to 1, got 2',
    ],
    [
      'a shuffle of 17',
      () => i8x16.shuffle(vector, vector, [...zeros, 0]),
      'i8x16.shuffle: lanes: expected 16 numbers, got 17',
    ],
    [
      'a shuffle beyond both',
      () => i8x16.shuffle(vector, vector, [...zeros.slice(1), 32]),
      'i8x16.shuffle: lanes: expected an integer from 0 to 31, got 32',
    ],
    [
      'bytes above 255',
      () => v128.const([...zeros.slice(1), 256]),
      'v128.const: bytes: expected an integer from 0 to 255, got 256',
    ],
    [
      'an i32 too large',
      () => i32.const(2 ** 32),
      'i32.const: value: expected an integer from -2147483648 to 4294967295, got 4294967296',
    ],
    [
      'an i64 too large',
      () => i64.const(2n ** 64n),
      'i64.const: value: expected a bigint from -2^63 to 2^64 - 1, got 18446744073709551616',
    ],
    [
      'an offset below zero',
      () => f32.load(i32.const(0), -4),
      'f32.load: offset: expected an integer from 0 to 4294967295, got -4',
    ],
    [
      'an offset too large',
      () => f32.load(i32.const(0), 2 ** 32),
      'f32.load: offset: expected an integer from 0 to 4294967295, got 4294967296',
    ],
    [
      'a missing operand',
      () => (i32.add as (x: Expression) => Expression)(i32.const(1)),
      'i32.add: operands: expected (i32, i32), got (i32)',
    ],
  ];
  it.each(immediates)('%s', (_, expression, message) => {
    const bad = (): unknown => builder().func('bad', [], [], (f) => f.drop(expression() as Expression<'i32'>));
    expect(bad).toThrow(DomainError);
    expect(bad).toThrow(`func 'bad': ${message}`);
  });

  it('an alignment beyond the access, or of an atomic access below it', () => {
    const aligned = (expression: Expression<'i32'>, align: number): Expression<'i32'> => ({
      ...expression,
      // Made by constructors, whose operation is plain.
      operation: { ...expression.operation, immediate: { align, offset: 0 } } as Expression['operation'],
    });
    refuse([], [], (f) => f.drop(aligned(i32.load(i32.const(0)), 3))).toThrow(
      'align: expected an integer from 0 to 2, got 3',
    );
    refuse([], [], (f) => f.drop(aligned(i32.load(i32.const(0)), 0))).not.toThrow();
    refuse([], [], (f) => f.drop(aligned(i32['atomic.load'](i32.const(0)), 1))).toThrow(
      'expected an integer from 2 to 2',
    );
  });

  it('a label that does not enclose the branch', () => {
    let left: Label | undefined;
    refuse([], [], (f) => {
      f.block((label) => void (left = label));
      if (left !== undefined) f.branch(left);
    }).toThrow("func 'bad': branch: expected the label of an enclosing block or loop, got another");
  });

  it('a wrong result, a missing one and a value left in a block', () => {
    refuse([], ['i32'], (f) => f.result(f32.const(1))).toThrow(
      "func 'bad': values left at the end: expected (i32), got (f32)",
    );
    refuse([], ['i32'], () => {}).toThrow('values left at the end: expected (i32), got ()');
    refuse([], [], (f) => f.result(i32.const(1))).toThrow('values left at the end: expected (), got (i32)');
    refuse([], ['i32'], (f) => f.block(() => f.result(i32.const(1)))).toThrow('a statement within a block');
    refuse([], ['i32'], (f) => f.return()).toThrow('return: expected (i32), got ()');
    refuse([], ['i32'], (f) => f.return(i64.const(1n))).toThrow('return: expected (i32), got (i64)');
    refuse([], ['i32'], (f) => f.return(i32.const(1))).not.toThrow();
  });

  it('operands that TypeScript cannot check', () => {
    const module = builder();
    const same = module.func('same', ['i32'], ['i32'], (f, x) => f.result(x.get()));
    refuse([], [], (f) => f.drop(call(same, 'i32', f32.const(1)))).toThrow(
      "call 'same': operands: expected (i32), got (f32)",
    );
    refuse([], [], (f) => f.drop(call(same, 'f32', i32.const(1)))).toThrow(
      "call 'same': result: expected (i32), got (f32)",
    );
    refuse([], [], (f) => f.drop(call(same, 'i32'))).toThrow("call 'same': operands: expected (i32), got ()");
    const stranger = { name: 'stranger', params: [], results: [] };
    module.func('calls', [], [], (f) => f.do(call(stranger, 'none')));
    expect(() => module.encode()).toThrow("encode: call or table: expected a function of this module, got 'stranger'");
  });

  it('locals of another function', () => {
    let other: Local<'i32'> | undefined;
    builder().func('first', ['f32', 'i32'], [], (_, __, x) => void (other = x));
    refuse(['i32'], [], (f) => f.drop(other?.get() ?? i32.const(0))).toThrow(
      'local.get: expected a local of this function',
    );
  });

  it('two functions of one name, and memories that cannot be', () => {
    const module = builder();
    module.func('twice', [], [], () => {});
    expect(() => module.func('twice', [], [], () => {})).toThrow(
      "func: name: expected another than those of before, got 'twice'",
    );
    expect(() => moduleBuilder({ initial: 2, maximum: 1, shared: false })).toThrow(DomainError);
    expect(() => moduleBuilder({ initial: 0.5, maximum: 1, shared: false })).toThrow(DomainError);
    expect(() => moduleBuilder({ initial: 0, maximum: 65_537, shared: false })).toThrow('expected 65536 pages at most');
  });
});
