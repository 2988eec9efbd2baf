import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom, DomainError, restoreRandom, slice, transpose, zeros } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { expectWithin, gamma } from '../kit/rounding.ts';
import { runs } from '../kit/runs.ts';
import { elementsOf } from '../kit/tensors.ts';

const arbitrarySeed = fc.maxSafeNat();

function draw(count: number, next: () => number): number[] {
  return Array.from({ length: count }, next);
}

describe('known answers', () => {
  // Computed by a C program written from the paper's figure for xoshiro128** and from the constants of splitmix32 and fmix32.
  it('xoshiro128** from state 1, 2, 3, 4', () => {
    const random = restoreRandom({ origin: [1, 2, 3, 4], words: [1, 2, 3, 4] });
    expect(draw(10, random.uint32)).toEqual([
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
    ]);
  });

  it.each([
    [
      0,
      [2462723854, 1020716019, 454327756, 1275600319],
      [3809008728, 1133695204, 53579671, 2891528803],
      0.032522145755498943,
    ],
    [
      42,
      [939911724, 3948730756, 321366731, 3317318717],
      [2837322924, 544945897, 479756282, 3500138142],
      0.079105645614491404,
    ],
    [
      2 ** 53 - 1,
      [920564995, 4230986166, 3132063073, 4083517104],
      [835879718, 1291920088, 2624142226, 2468358699],
      0.32575380184997649,
    ],
  ])('seed %d', (seed, state, first, then) => {
    const random = createRandom(seed);
    expect(random.state()).toEqual({ origin: state, words: state });
    expect(draw(4, random.uint32)).toEqual(first);
    expect(random.uniform()).toBe(then);
  });

  it('uint32 agrees with the recurrence written over BigInt', () => {
    fc.assert(
      fc.property(arbitrarySeed, (seed) => {
        const random = createRandom(seed);
        const s = random.state().words.map(BigInt);
        const rotate = (word: bigint, bits: bigint): bigint =>
          BigInt.asUintN(32, (word << bits) | (word >> (32n - bits)));
        for (let i = 0; i < 20; i++) {
          const [s0 = 0n, s1 = 0n, s2 = 0n, s3 = 0n] = s;
          const expected = BigInt.asUintN(32, rotate(BigInt.asUintN(32, s1 * 5n), 7n) * 9n);
          expect(random.uint32()).toBe(Number(expected));
          // The steps of the recurrence, each word written out in terms of the old ones.
          s.splice(0, 4, s0 ^ s1 ^ s3, s0 ^ s1 ^ s2, s0 ^ s2 ^ BigInt.asUintN(32, s1 << 9n), rotate(s1 ^ s3, 11n));
        }
      }),
      { numRuns: runs() },
    );
  });
});

describe('normal', () => {
  it('is the polar method on the same uniforms, its logarithm right to a few units in the last place', () => {
    fc.assert(
      fc.property(arbitrarySeed, (seed) => {
        const random = createRandom(seed);
        const twin = createRandom(seed);
        for (let i = 0; i < 10; i++) {
          let u = 0;
          let s = 0;
          while (!(s > 0 && s < 1)) {
            u = 2 * twin.uniform() - 1;
            s = u ** 2 + (2 * twin.uniform() - 1) ** 2;
          }
          const expected = u * Math.sqrt((-2 * Math.log(s)) / s);
          expectWithin(random.normal(), expected, gamma(16, 'f64') * Math.abs(expected));
        }
        expect(random.state()).toEqual(twin.state());
      }),
      { numRuns: runs() },
    );
  });
});

describe('integer', () => {
  it('stays in range and takes every n', () => {
    fc.assert(
      fc.property(arbitrarySeed, fc.oneof(fc.integer({ min: 1, max: 100 }), fc.maxSafeNat()), (seed, n) => {
        fc.pre(n >= 1);
        const random = createRandom(seed);
        for (const value of draw(20, () => random.integer(n))) {
          expect(Number.isInteger(value) && value >= 0 && value < n).toBe(true);
        }
      }),
      { numRuns: runs() },
    );
    expect(createRandom(1).integer(1)).toBe(0);
    expect(createRandom(1).integer(2 ** 53 - 1)).toBeGreaterThan(2 ** 32);
  });

  it('throws away draws from the incomplete last run', () => {
    // n = 3 · 2^30 leaves a quarter of the 32-bit words over; the first word kept is below n as it is.
    const n = 3 * 2 ** 30;
    fc.assert(
      fc.property(arbitrarySeed, (seed) => {
        const words = createRandom(seed);
        let word = words.uint32();
        while (word >= n) word = words.uint32();
        expect(createRandom(seed).integer(n)).toBe(word);
      }),
      { numRuns: runs() },
    );
  });

  it('refuses what is no range', () => {
    for (const n of [0, -1, 1.5, 2 ** 53, Number.NaN]) {
      expect(() => createRandom(1).integer(n), String(n)).toThrow(DomainError);
    }
  });
});

describe('permutation', () => {
  it('is a bijection', () => {
    fc.assert(
      fc.property(arbitrarySeed, fc.nat(50), (seed, n) => {
        const order = createRandom(seed).permutation(n);
        expect([...order].toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
      { numRuns: runs() },
    );
    for (const n of [-1, 0.5, 2 ** 31]) expect(() => createRandom(1).permutation(n)).toThrow(DomainError);
  });
});

describe('streams', () => {
  it('go on from a saved state, which survives JSON', () => {
    fc.assert(
      fc.property(arbitrarySeed, fc.nat(20), (seed, draws) => {
        const random = createRandom(seed).fork('layer');
        draw(draws, random.normal);
        const restored = restoreRandom(JSON.parse(JSON.stringify(random.state())));
        expect(draw(5, restored.uniform)).toEqual(draw(5, random.uniform));
        expect(restored.fork(3).state()).toEqual(random.fork(3).state());
      }),
      { numRuns: runs() },
    );
  });

  it('fork alike before and after draws, without moving on, and differently by every label', () => {
    const label = fc.oneof(fc.string(), fc.maxSafeNat());
    fc.assert(
      fc.property(arbitrarySeed, fc.uniqueArray(label, { minLength: 2, maxLength: 8 }), (seed, labels) => {
        const random = createRandom(seed);
        const before = labels.map((name) => random.fork(name).uint32());
        expect(random.state()).toEqual(createRandom(seed).state());
        draw(7, random.uniform);
        expect(labels.map((name) => random.fork(name).uint32())).toEqual(before);
        const states = [random, ...labels.map((name) => random.fork(name))].map(({ state }) => state().origin.join());
        expect(new Set(states).size).toBe(labels.length + 1);
      }),
      { numRuns: runs() },
    );
    const random = createRandom(5);
    const alike = [random.fork(1), random.fork('1'), random.fork('\u0000'), random.fork(''), random.fork(1).fork('')];
    expect(new Set(alike.map((fork) => fork.uint32())).size).toBe(alike.length);
  });

  it('differ for seeds that differ, in their high bits too', () => {
    fc.assert(
      fc.property(arbitrarySeed, arbitrarySeed, (a, b) => {
        fc.pre(a !== b);
        const [wordsA, wordsB] = [createRandom(a).state().words, createRandom(b).state().words];
        expect(wordsA[0] !== wordsB[0] || wordsA[2] !== wordsB[2]).toBe(true);
      }),
      { numRuns: runs() },
    );
  });

  it('refuse seeds, labels and states that are none', () => {
    for (const seed of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => createRandom(seed), String(seed)).toThrow(DomainError);
      expect(() => createRandom(1).fork(seed), String(seed)).toThrow(DomainError);
    }
    const good = [1, 2, 3, 4] as const;
    expect(() => restoreRandom({ origin: good, words: [0, 0, 0, 0] })).toThrow(DomainError);
    expect(() => restoreRandom({ origin: [1, 2, 3, 2 ** 32], words: good })).toThrow(DomainError);
    expect(() => restoreRandom({ origin: good, words: [1, 2, 3] as never })).toThrow(
      'restoreRandom: state: expected four integers from 0 to 2^32 - 1, not all 0, got [1, 2, 3]',
    );
  });
});

describe('fills', () => {
  const fills: readonly (readonly [string, (random: Random) => number, number])[] = [
    ['fillUniformInPlace', (random) => 2 + 3 * random.uniform(), 0],
    ['fillNormalInPlace', (random) => 2 + 3 * random.normal(), 0],
  ];

  it.each(fills)('%s draws in row-major order whatever the strides', (name, next) => {
    const twin = createRandom(9);
    const expected = draw(12, () => next(twin));
    const fill = (tensor = zeros('f64', [3, 4])): number[] => {
      const random = createRandom(9);
      return elementsOf(
        name === 'fillUniformInPlace'
          ? random.fillUniformInPlace(tensor, 2, 5)
          : random.fillNormalInPlace(tensor, 2, 3),
      );
    };
    expect(fill()).toEqual(expected);
    expect(fill(transpose(zeros('f64', [4, 3])))).toEqual(expected);
    expect(fill(slice(zeros('f64', [6, 4]), [[undefined, undefined, -2]]))).toEqual(expected);
  });

  it('never reach the upper end, however narrow the interval', () => {
    const above = 1 + 2 ** -23;
    const tensor = createRandom(3).fillUniformInPlace(zeros('f32', [200]), 1, above);
    expect(new Set(tensor.data)).toEqual(new Set([1]));
    const halves = createRandom(3).fillUniformInPlace(zeros('f64', [200]), 1, 1 + 2 ** -51);
    expect(new Set(halves.data)).toEqual(new Set([1, 1 + 2 ** -52]));
  });

  it('refuse bounds that make no interval', () => {
    const random = createRandom(1);
    const tensor = zeros('f32', [1]);
    for (const [low, high] of [
      [1, 1],
      [2, 1],
      [0, Infinity],
      [Number.NaN, 1],
      [1, 1 + 2 ** -30],
    ] as const) {
      expect(() => random.fillUniformInPlace(tensor, low, high), `${low} to ${high}`).toThrow(DomainError);
    }
    expect(() => random.fillNormalInPlace(tensor, 0, -1)).toThrow(DomainError);
    expect(() => random.fillNormalInPlace(tensor, Number.NaN)).toThrow(DomainError);
  });
});
