/** The matrix product of the emitted kernels: by hand, tile and chunk edges, the promised bound, views, splits, refusals. */

import fc from 'fast-check';
import { DomainError, fromNested, full, referenceKernels, slice, toNested, transpose, zeros } from '@rankwise/tensor';
import type { FloatDType, MatmulCall, Tensor } from '@rankwise/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { planProduct } from '../../packages/simd/src/plan/productPlan.ts';
import { chooseTile } from '../../packages/simd/src/plan/tileShape.ts';
import { createMachine } from '../../packages/simd/src/run/createMachine.ts';
import { mostPages } from '../../packages/simd/src/run/createMemory.ts';
import { matmul as multiplyOn, productWay } from '../../packages/simd/src/run/matmul.ts';
import { createSimdKernels } from '../../packages/simd/src/run/simdKernels.ts';
import { elementsOf, expectWithin, matmulBound } from '../kit/kernelBounds.ts';
import { matmulCallOf, matmulCases, withOwnOutput } from '../kit/kernelCalls.ts';
import { runs } from '../kit/runs.ts';
import { seeded } from '../kit/seededTensors.ts';
import { arbitraryViewOf } from '../kit/tensors.ts';
import { bothKernels } from './support.ts';

afterAll(() => bothKernels.forEach(([, kernels]) => kernels.dispose()));

/** Sizes 0 and 1, the edges of tiles of 2 to 6 rows and of 4 to 16 columns, and of two such tiles. */
const extent = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 23, 24, 25, 31, 33, 37);
const cases = matmulCases(extent);
const dtypes: readonly FloatDType[] = ['f32', 'f64'];
const lanesOf = (dtype: FloatDType): number => (dtype === 'f32' ? 4 : 2);

/** Integer operands, and the reference's exact result. */
function expectExact(multiply: (call: MatmulCall) => void, call: MatmulCall): void {
  const reference = withOwnOutput(call);
  referenceKernels.matmul(reference);
  multiply(call);
  expect(call.out.data).toEqual(reference.out.data);
}

/** For each tile the smallest product that takes it. */
function smallestByTile(dtype: FloatDType, relaxed: boolean): readonly (readonly [number, number])[] {
  const found = new Map<string, readonly [number, number]>();
  for (let rows = 1; rows <= 24; rows++) {
    for (let columns = 1; columns <= 48; columns++) {
      const { tile } = chooseTile(rows, columns, lanesOf(dtype), relaxed);
      const name = `${tile.rows}x${tile.vectors}`;
      if (!found.has(name)) found.set(name, [rows, columns]);
    }
  }
  return [...found.values()];
}

describe.each(bothKernels)('matmul with %s', (_, kernels) => {
  const { matmul } = kernels;
  const relaxed = kernels.features.includes('relaxed-simd');

  it('multiplies, scales, adds and cuts', () => {
    const a = fromNested('f32', [
      [1, 2],
      [3, -4],
    ]);
    for (const dtype of dtypes) {
      const rows = () =>
        fromNested(dtype, [
          [10, 20],
          [30, 40],
        ]);
      const call = { a, b: a, alpha: 2, beta: 1, rowBias: fromNested('f32', [1, -1]), activation: 'relu' } as const;
      const expected = [
        [10 + 14 + 1, 20 - 12 + 1],
        [30 - 18 - 1, 40 + 44 - 1],
      ];
      const out = rows();
      matmul({ ...call, out });
      expect(toNested(out)).toEqual(expected);
      // The same numbers with the columns of `out` contiguous: the bias then runs along the vectors.
      const memory = transpose(rows());
      const columns = { ...memory, data: Float64Array.of(10, 30, 20, 40), strides: [1, 2], dtype: 'f64' } as const;
      matmul({ ...call, out: columns });
      expect(toNested(columns)).toEqual(expected);
    }
  });

  it.each(dtypes)('%s: is exact for integers about the edges of every tile and of a chunk of k', (dtype) => {
    for (const [rows, columns] of smallestByTile(dtype, relaxed)) {
      const { tile } = chooseTile(rows, columns, lanesOf(dtype), relaxed);
      const { chunk } = planProduct({ rows, columns, depth: 1e5 }, lanesOf(dtype), tile);
      for (const k of [0, 1, 3, 4, 5, chunk - 1, chunk, chunk + 1, 2 * chunk - 1, 2 * chunk + 5]) {
        const operands = {
          a: seeded(dtype, [rows, k], k, { values: 'integers' }),
          b: seeded(dtype, [k, columns], k + 1, { values: 'integers', offset: 3 }),
          rowBias: seeded(dtype, [rows], k + 2, { values: 'integers' }),
        };
        expectExact(matmul, { ...operands, out: full(dtype, [rows, columns], NaN), activation: 'relu' });
        const out = seeded(dtype, [rows, columns], 9, { values: 'integers', transposed: true });
        expectExact(matmul, { ...operands, out, beta: -0.5, activation: 'relu' });
      }
    }
  });

  // Groups of 3/8 MiB of left panels (384 rows of 3 at k = 256) and of 16 right panels (192 columns of 12).
  it.each([
    ['f32', 385, 193, 257],
    ['f32', 193, 385, 257],
    ['f64', 200, 100, 770],
    ['f32', 1, 700, 300],
    ['f64', 700, 1, 300],
  ] as const)('%s: is exact for integers with several groups, %i × %i over %i', (dtype, m, n, k) => {
    const a = seeded(dtype, [m, k], 1, { values: 'integers' });
    const b = seeded(dtype, [k, n], 2, { values: 'integers', transposed: true });
    expectExact(matmul, { a, b, out: full(dtype, [m, n], NaN) });
  });

  it('keeps the promised bound for every mix of dtypes and strides', () => {
    const factors = fc.constantFrom(1, 0.1, -1 / 3, 0);
    fc.assert(
      fc.property(cases, factors, factors, (drawn, alpha, beta) => {
        const call = matmulCallOf({ ...drawn, alpha, beta }, 'noise');
        const promised = matmulBound(call);
        matmul(call);
        expectWithin(elementsOf(call.out), promised);
      }),
      { numRuns: runs(150) },
    );
  });

  it('is exact for integers, equals the reference bit for bit, and repeats itself', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const call = matmulCallOf(drawn, 'integers');
        const again = withOwnOutput(call);
        const { exact } = matmulBound(call);
        expectExact(matmul, call);
        matmul(again);
        expect(again.out.data).toEqual(call.out.data);
        expect(elementsOf(call.out)).toEqual(exact.map((value) => value + 0));
      }),
      { numRuns: runs(150) },
    );
  });

  it('takes views in any order of axes, reversed, with gaps, and repeated by strides of 0', () => {
    const views = fc
      .tuple(extent, extent, extent, fc.constantFrom(...dtypes), fc.constantFrom(...dtypes))
      .chain(([m, k, n, a, b]) => fc.tuple(arbitraryViewOf(a, [m, k]), arbitraryViewOf(b, [k, n])));
    fc.assert(
      fc.property(views, ([a, b]) => {
        expectExact(matmul, { a, b, out: full('f64', [a.shape[0] ?? 0, b.shape[1] ?? 0], NaN) });
      }),
      { numRuns: runs() },
    );
  });

  it('takes operands and outputs at any place of an array, and parts of larger matrices', () => {
    for (let offset = 0; offset < 6; offset++) {
      const whole = seeded('f32', [20, 30], offset, { values: 'integers', offset });
      const a = slice(whole, [
        [3, 14],
        [offset, 20],
      ]);
      const b = transpose(slice(whole, [undefined, [10 - offset, 30 - 2 * offset]]));
      const out = slice(full('f32', [19, 21], NaN), [
        [offset, offset + 11],
        [1, 21],
      ]);
      expectExact(matmul, { a, b, out });
    }
  });

  it('writes nothing outside the view', () => {
    fc.assert(
      fc.property(cases, (drawn) => {
        const call = matmulCallOf({ ...drawn, beta: 0 }, 'integers');
        call.out.data.fill(12_345);
        const inside = new Set(placesOf(call.out));
        matmul(call);
        expect([...call.out.data].filter((value, at) => !inside.has(at) && value !== 12_345)).toEqual([]);
      }),
      { numRuns: runs(50) },
    );
  });

  it('with k = 0 gives activation(beta · out + bias)', () => {
    for (const transposed of [false, true]) {
      const out = seeded('f32', [7, 9], 1, { transposed });
      const before = elementsOf(out);
      const rowBias = seeded('f32', [7], 2);
      const call = { a: zeros('f32', [7, 0]), b: zeros('f32', [0, 9]), out, rowBias, activation: 'relu' } as const;
      matmul({ ...call, beta: 2 });
      const sum = (at: number, kept: number) =>
        Math.max(0, Math.fround(2 * kept * (before[at] ?? NaN) + (rowBias.data[Math.floor(at / 9)] ?? NaN)));
      expect([...elementsOf(out)]).toEqual([...before].map((_value, at) => sum(at, 1)));
      out.data.fill(NaN);
      matmul(call);
      expect([...elementsOf(out)]).toEqual([...before].map((_value, at) => sum(at, 0)));
    }
  });

  it('touches nothing where m or n is 0', () => {
    matmul({ a: zeros('f32', [0, 3]), b: zeros('f32', [3, 2]), out: zeros('f32', [0, 2]) });
    matmul({ a: zeros('f64', [2, 3]), b: zeros('f32', [3, 0]), out: zeros('f64', [2, 0]) });
  });

  it('sends NaN and infinities to their own row or column, through the ReLU, and nowhere else', () => {
    const rogue = fc.record({ value: fc.constantFrom(NaN, Infinity, -Infinity), at: fc.nat(), inA: fc.boolean() });
    fc.assert(
      fc.property(cases, rogue, ({ ...drawn }, { value, at, inA }) => {
        const call = matmulCallOf({ ...drawn, activation: 'none' }, 'integers');
        const relu = { ...withOwnOutput(call), activation: 'relu' } as const;
        const clean = withOwnOutput(call);
        matmul(clean);
        const places = placesOf(inA ? call.a : call.b);
        if (places.length === 0) return;
        const index = at % places.length;
        (inA ? call.a : call.b).data[places[index]!] = value;
        const [row, column] = inA ? [Math.floor(index / drawn.k), -1] : [-1, index % drawn.n];
        matmul(call);
        matmul(relu);
        const results = [clean, call, relu].map(({ out }) => elementsOf(out));
        results[0]!.forEach((before, i) => {
          const hit = Math.floor(i / drawn.n) === row || i % drawn.n === column;
          const after = results[1]![i]!;
          expect(hit ? !Number.isFinite(after) : after === before).toBe(true);
          expect(results[2]![i]).toBe(after > 0 || Number.isNaN(after) ? after : 0);
        });
      }),
      { numRuns: runs() },
    );
  });

  it('gives +0 for −0 through the ReLU', () => {
    const call = { a: full('f32', [3, 1], -1), b: zeros('f32', [1, 5]), rowBias: full('f32', [3], -0) };
    for (const beta of [0, 1]) {
      const out = full('f32', [3, 5], -0);
      matmul({ ...call, out, beta, activation: 'relu' });
      expect([...out.data]).toEqual(Array(15).fill(0));
    }
  });

  it('refuses an output that overlaps an operand, and leaves it as it is', () => {
    const a = seeded('f32', [4, 4], 1);
    const before = a.data.slice();
    for (const call of [
      { a, b: seeded('f32', [4, 4], 2), out: transpose(a) },
      { a: seeded('f32', [4, 4], 2), b: a, out: a },
      { a: seeded('f32', [4, 1], 2), b: seeded('f32', [1, 4], 3), out: a, rowBias: { ...a, shape: [4], strides: [1] } },
    ]) {
      expect(() => matmul(call)).toThrow(/^matmul: out: expected memory of its own, got a tensor that overlaps/);
      expect(a.data).toEqual(before);
    }
  });
});

describe('matmul in parts', () => {
  const [, { matmul }] = bothKernels[0]!;
  // More than 2^28 bytes of operands by the plan's reckoning, though stride 0 keeps them small here.
  const length = 2_900_001;
  const long = { ...seeded('f32', [1, 12], 1, { values: 'integers' }), shape: [length, 12], strides: [0, 1] };
  const short = seeded('f32', [12, 1], 2, { values: 'integers' });
  const product = long.data.reduce((sum, value, at) => sum + value * (short.data[at] ?? NaN), 0);

  it('cuts long columns, with the bias of each row', () => {
    const rowBias = seeded('f32', [length], 3, { values: 'integers' });
    const out = full('f32', [length, 1], NaN);
    matmul({ a: long, b: short, out, rowBias });
    expect(out.data.every((value, at) => value === product + (rowBias.data[at] ?? NaN))).toBe(true);
  });

  it('cuts long rows, with what they held', () => {
    const out = seeded('f32', [1, length], 3, { values: 'integers' });
    const before = out.data.slice();
    matmul({ a: transpose(short), b: transpose(long), out, beta: 2 });
    expect(out.data.every((value, at) => value === product + 2 * (before[at] ?? NaN))).toBe(true);
  });
});

describe('bits without relaxed multiply-adds', () => {
  const [, kernels] = bothKernels[0]!;

  it('do not depend on how a product is cut into rows and columns', async () => {
    const machine = await createMachine({ relaxed: false, maximumPages: mostPages, leastWork: 0 });
    const cut = fc.tuple(fc.nat(40), fc.nat(40), fc.nat(40), fc.nat(40));
    fc.assert(
      fc.property(cases, cut, (drawn, [i, j, p, q]) => {
        const call = matmulCallOf(drawn, 'noise');
        const parts = withOwnOutput(call);
        // A part is made as the whole is: by dot products, say, if the whole is thin.
        const way = productWay(machine, call);
        multiplyOn(machine, call);
        const { m, n } = drawn;
        for (const rows of pieces(m, i, p)) {
          for (const columns of pieces(n, j, q)) {
            const part = {
              ...parts,
              a: slice(parts.a, [rows]),
              b: slice(parts.b, [undefined, columns]),
              out: slice(parts.out, [rows, columns]),
              ...(parts.rowBias === undefined ? {} : { rowBias: slice(parts.rowBias, [rows]) }),
            };
            multiplyOn(machine, part, way);
          }
        }
        expect(parts.out.data).toEqual(call.out.data);
      }),
      { numRuns: runs() },
    );
  });

  it('are those of every other kernels object, whatever was computed before', async () => {
    const others = await Promise.all([1, 2].map(() => createSimdKernels({ relaxedSimd: false, leastWork: 0 })));
    fc.assert(
      fc.property(cases, (drawn) => {
        const calls = [kernels, ...others].map((each) => {
          const call = matmulCallOf(drawn, 'noise');
          each.matmul(call);
          return call.out.data;
        });
        expect(calls[1]).toEqual(calls[0]);
        expect(calls[2]).toEqual(calls[0]);
      }),
      { numRuns: runs(40) },
    );
    others.forEach((each) => each.dispose());
    const call = matmulCallOf({ ...example, m: 2 }, 'noise');
    expect(() => others[0]?.matmul(call)).toThrow(DomainError);
    expect(() => others[0]?.matmul(call)).toThrow('simd kernels: call: expected kernels in use, got disposed ones');
    expect([...call.out.data].every(Number.isNaN)).toBe(true);
  });
});

const example = {
  m: 5,
  n: 7,
  k: 3,
  types: ['f32', 'f32', 'f32'],
  layouts: [{}, {}, {}],
  alpha: 1,
  beta: 0,
  bias: false,
  activation: 'none',
  seed: 1,
} as const;

/** [0, length) cut at up to two places. */
function pieces(length: number, ...cuts: readonly number[]): (readonly [number, number])[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, length)).toSorted((x, y) => x - y), length];
  return places.slice(1).map((end, index) => [places[index]!, end] as const);
}

/** Indices of a matrix's elements in its array, row by row. */
function placesOf({ shape, strides, offset }: Tensor): number[] {
  const [rows = 0, columns = 0] = shape;
  return Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return offset + i * (strides[0] ?? 0) + j * (strides[1] ?? 0);
  });
}
