import { disassemble, f32, f64, i32, i8x16, moduleBuilder, v128 } from '@rankwise/simd';
import { describe, expect, it } from 'vitest';
import { instructionText } from '../../../packages/simd/src/assembler/instructionText.ts';
import { opcodes } from '../../../packages/simd/src/assembler/opcodes.ts';

describe('disassemble', () => {
  it('writes a module as text', () => {
    const module = moduleBuilder({ initial: 1, maximum: 2, shared: true });
    const lanes = Array.from({ length: 16 }, (_, i) => i + 8);
    const last = module.func('last "x"', ['i32', 'f64'], ['i32'], (f, x) => {
      const [v, w] = [f.local('v128'), f.local('v128')];
      f.local('f32');
      f.set(v, v128.load(x.get(), 16));
      f.set(w, i8x16.shuffle(v.get(), v.get(), lanes));
      f.do(v128.store16_lane(x.get(), w.get(), 7, 2));
      f.block((exit) => {
        f.loop((again) => f.branch(again, x.get()));
        f.if(
          i32.eqz(x.get()),
          () => f.branch(exit),
          () => f.drop(f32.const(-1.5)),
        );
      });
      f.drop(f64.const(NaN));
      f.drop(f64.const(-0));
      f.result(i32.const(-7));
    });
    module.table([last]);
    expect(disassemble(module.encode())).toBe(`(module (;version 1;)
  (;type: 1 item;)
  (type (;0;) (func (param i32 f64) (result i32)))
  (;import: 1 item;)
  (import "env" "memory" (memory 1 2 shared))
  (;function: 1 item;)
  (;func 0 has type 0;)
  (;table: 1 item;)
  (table (;0;) 1 funcref)
  (;export: 1 item;)
  (export "last \\"x\\"" (func 0))
  (;element: 1 item;)
  (elem (;0;) (i32.const 0) func 0)
  (;code: 1 item;)
  (func (;0;) (local (;2 of;) v128) (local (;1 of;) f32)
    local.get 0
    v128.load offset=16
    local.set 2
    local.get 2
    local.get 2
    i8x16.shuffle 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23
    local.set 3
    local.get 0
    local.get 3
    v128.store16_lane offset=2 7
    block
      loop
        local.get 0
        br_if 0
      end
      local.get 0
      i32.eqz
      if
        br 1
      else
        f32.const -1.5
        drop
      end
    end
    f64.const nan:0x8000000000000
    drop
    f64.const -0
    drop
    i32.const -7
  end)`);
  });

  it('writes every float so that it can be told from others', () => {
    const text = (...bytes: number[]): string =>
      instructionText({
        kind: 'plain',
        name: 'f32.const',
        opcode: opcodes['f32.const'],
        immediate: { kind: 'f32', bytes: Uint8Array.from(bytes) },
        offset: 0,
        end: 5,
      });
    expect(text(0, 0, 0x80, 0x7f)).toBe('f32.const inf');
    expect(text(0, 0, 0x80, 0xff)).toBe('f32.const -inf');
    expect(text(1, 0, 0x80, 0xff)).toBe('f32.const -nan:0x1');
    expect(text(0, 0, 0xc0, 0x7f)).toBe('f32.const nan:0x400000');
    expect(text(0xcd, 0xcc, 0xcc, 0x3d)).toBe(`f32.const ${Math.fround(0.1)}`);
  });

  it('says an alignment that is not natural', () => {
    const load = (align: number): string =>
      instructionText({
        kind: 'plain',
        name: 'v128.load',
        opcode: opcodes['v128.load'],
        immediate: { kind: 'memory', align, offset: 3 },
        offset: 0,
        end: 4,
      });
    expect([load(4), load(0)]).toEqual(['v128.load offset=3', 'v128.load offset=3 align=1']);
  });
});
