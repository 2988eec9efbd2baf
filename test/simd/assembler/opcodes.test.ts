import { setFlagsFromString } from 'node:v8';
import { memory as growing, moduleBuilder, probeFeatures } from '@rankwise/simd';
import { describe, expect, it } from 'vitest';
import { opcodes } from '../../../packages/simd/src/assembler/opcodes.ts';
import type { Opcode } from '../../../packages/simd/src/assembler/opcodes.ts';
import { executor, immediatesOf, machine } from './models/execute.ts';
import { isNan, matches } from './models/lanes.ts';
import type { Model } from './models/lanes.ts';
import { memoryModels } from './models/memory.ts';
import { fillMemory, operandsOf } from './models/operands.ts';
import { relaxedModels } from './models/relaxed.ts';
import { scalarModels } from './models/scalar.ts';
import { vectorModels } from './models/vector.ts';

const models: Readonly<Record<string, Model>> = { ...scalarModels, ...vectorModels, ...relaxedModels, ...memoryModels };

// Node 20 has relaxed SIMD behind this flag.
const released = probeFeatures().relaxedSimd;
if (!released) setFlagsFromString('--experimental-wasm-relaxed-simd');
const { relaxedSimd } = probeFeatures();

/**
 * What V8 11, which Node 20 carries, gets wrong behind its flag: it selects by the top bits of bytes whatever the lanes are, and adds
 * the dot product to itself.
 */
const wrongBehindFlag = new Set([
  'i32x4.relaxed_laneselect',
  'i64x2.relaxed_laneselect',
  'i32x4.relaxed_dot_i8x16_i7x16_add_s',
]);

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });

/** The first bytes hold the operands and the result. */
const worked = 64;

const shown = (values: readonly bigint[]): string => values.map((value) => `0x${value.toString(16)}`).join(', ');

/** Executes the opcode on all operands, and says of the first wrong result what was wrong. */
function firstMistake(name: string, opcode: Opcode): string | undefined {
  const model = models[name] ?? (() => 'none');
  const bytes = new Uint8Array(memory.buffer);
  fillMemory(bytes);
  const operands = operandsOf(name, opcode);
  for (const immediates of immediatesOf(opcode)) {
    const run = executor(memory, name, opcode, immediates);
    for (const args of operands) {
      const after = Uint8Array.from(bytes);
      const expected = model(args, { bytes: after, ...immediates });
      let got: bigint | undefined | 'trap';
      try {
        got = run(args);
      } catch (error) {
        if (!(error instanceof WebAssembly.RuntimeError)) throw error;
        got = 'trap';
      }
      const right =
        typeof expected === 'object'
          ? typeof got === 'bigint' && matches(got, expected)
          : got === (expected === 'none' ? undefined : expected);
      const same = Buffer.compare(bytes.subarray(worked), after.subarray(worked)) === 0;
      if (right && same) continue;
      const wanted =
        typeof expected === 'object'
          ? expected.lanes.map((lane) => lane.map(String).join(' or ')).join('; ')
          : expected;
      const result = typeof got === 'bigint' ? shown([got]) : (got ?? 'none');
      const where = `${name}(${shown(args)}), offset ${immediates.offset}, lane ${immediates.lane}`;
      return `${where}: expected ${wanted}, got ${result}${same ? '' : '; memory differs'}`;
    }
  }
  return undefined;
}

const table = Object.entries<Opcode>(opcodes);

describe('the opcode table', () => {
  it('has every instruction of its proposals', () => {
    const byFeature: Record<string, number> = {};
    for (const [, { feature }] of table) byFeature[feature] = (byFeature[feature] ?? 0) + 1;
    expect(byFeature).toEqual({
      mvp: 152,
      signExtension: 5,
      saturating: 8,
      bulk: 2,
      simd: 236,
      relaxed: 20,
      threads: 67,
    });
  });

  it('has no two instructions of the same bytes', () => {
    expect(new Set(table.map(([, { prefix, code }]) => `${prefix} ${code}`)).size).toBe(table.length);
  });

  it('has a model for each instruction and no other', () => {
    expect(Object.keys(models).toSorted()).toEqual(Object.keys(opcodes).toSorted());
  });
});

describe.each(['mvp', 'signExtension', 'saturating', 'bulk', 'simd', 'threads'])('%s instructions', (feature) => {
  const rows = table.filter(([, opcode]) => opcode.feature === feature);
  it.each(rows)('%s does what its model does', (name, opcode) => {
    expect(firstMistake(name, opcode)).toBe(undefined);
  });
});

describe(`relaxed instructions${relaxedSimd ? '' : ' (skipped: this engine has no relaxed SIMD)'}`, () => {
  const rows = table.filter(([, opcode]) => opcode.feature === 'relaxed');
  const wrong = (name: string): boolean => !released && wrongBehindFlag.has(name);
  it.skipIf(!relaxedSimd).each(rows.filter(([name]) => !wrong(name)))(
    '%s does what its model allows',
    (name, opcode) => {
      expect(firstMistake(name, opcode)).toBe(undefined);
    },
  );
  it.skip.each(rows.filter(([name]) => wrong(name)))('%s (skipped: wrong in this engine, behind a flag)', () => {});
});

describe('memory.grow', () => {
  it('grows up to the maximum', () => {
    const limits = { initial: 1, maximum: 3, shared: true };
    const module = moduleBuilder(limits);
    module.func('grow', ['i32'], ['i32'], (f, pages) => f.result(growing.grow(pages.get())));
    module.func('size', [], ['i32'], (f) => f.result(growing.size()));
    const exports = machine(new WebAssembly.Memory(limits), module);
    // Exported under these names above.
    const { grow, size } = exports as unknown as { grow(pages: number): number; size(): number };
    expect([size(), grow(1), size(), grow(2), grow(1), size()]).toEqual([1, 1, 2, -1, 2, 3]);
  });
});

describe('the classes of NaN', () => {
  it('tell canonical from arithmetic from signalling', () => {
    const kinds = [0x7fc0_0000n, 0xffc0_0000n, 0x7fc0_0001n, 0x7f80_0001n, 0x7f80_0000n, 0n].map((bits) => [
      isNan(bits, 32),
      isNan(bits, 32, 'canonical'),
      isNan(bits, 32, 'arithmetic'),
    ]);
    expect(kinds).toEqual([
      [true, true, true],
      [true, true, true],
      [true, false, true],
      [true, false, false],
      [false, false, false],
      [false, false, false],
    ]);
  });
});
