import { describe, expect, it } from 'vitest';
import { createRandom } from '@rankwise/tensor';
import {
  chiSquare,
  chiSquareBound,
  empiricalDistance,
  empiricalDistanceBound,
  meanBound,
  normalCumulative,
} from '../kit/statistics.ts';

const SAMPLES = 50_000;

/** Numbers of values in each of `cells` cells. */
function counts(cells: number, values: readonly number[]): Int32Array {
  const result = new Int32Array(cells);
  for (const value of values) result[value] = (result[value] ?? 0) + 1;
  return result;
}

function draw(next: () => number, count = SAMPLES): number[] {
  return Array.from({ length: count }, next);
}

describe.each([1, 2 ** 40 + 7])('with seed %d', (seed) => {
  it('uniform numbers are uniform', () => {
    const distance = empiricalDistance(draw(createRandom(seed).uniform), (x) => x);
    expect(distance).toBeLessThan(empiricalDistanceBound(SAMPLES));
  });

  it('successive uniforms fill the square evenly', () => {
    const { uniform } = createRandom(seed);
    const cells = draw(() => 16 * Math.floor(16 * uniform()) + Math.floor(16 * uniform()));
    expect(chiSquare(counts(256, cells), () => SAMPLES / 256)).toBeLessThan(chiSquareBound(255));
  });

  it('every bit of a word is as often 0 as 1', () => {
    const words = draw(createRandom(seed).uint32);
    for (let bit = 0; bit < 32; bit++) {
      const ones = words.filter((word) => (word >>> bit) & 1).length;
      expect(Math.abs(ones / SAMPLES - 0.5), `bit ${bit}`).toBeLessThan(meanBound(SAMPLES, 0, 1));
    }
  });

  it('normal numbers are normal', () => {
    const distance = empiricalDistance(draw(createRandom(seed).normal), normalCumulative);
    expect(distance).toBeLessThan(empiricalDistanceBound(SAMPLES));
  });

  it('integers are equally likely, for a range that most of the words overfill unevenly', () => {
    // With n = 3 · 2^30 a bare remainder would put half of the values, not a third, into the lowest third.
    const n = 3 * 2 ** 30;
    const random = createRandom(seed);
    const thirds = counts(
      3,
      draw(() => Math.floor(random.integer(n) / 2 ** 30)),
    );
    expect(chiSquare(thirds, () => SAMPLES / 3)).toBeLessThan(chiSquareBound(2));
    const dice = counts(
      7,
      draw(() => random.integer(7)),
    );
    expect(chiSquare(dice, () => SAMPLES / 7)).toBeLessThan(chiSquareBound(6));
  });

  it('all 24 orders of four things are equally likely', () => {
    const random = createRandom(seed);
    const orders = draw(() => {
      const [a = 0, b = 0, c = 0, d = 0] = random.permutation(4);
      // Lehmer code: how many later elements are smaller.
      const smaller = [a, b, c, d].map((x, i, all) => all.slice(i + 1).filter((y) => y < x).length);
      return (smaller[0] ?? 0) * 6 + (smaller[1] ?? 0) * 2 + (smaller[2] ?? 0);
    });
    expect(chiSquare(counts(24, orders), () => SAMPLES / 24)).toBeLessThan(chiSquareBound(23));
  });

  it('forks are independent of one another and of their origin', () => {
    const random = createRandom(seed);
    const streams = [random, random.fork(0), random.fork(1), random.fork('a'), random.fork('b')];
    for (const [i, first] of streams.entries()) {
      for (const second of streams.slice(i + 1)) {
        const cells = draw(() => 8 * Math.floor(8 * first.uniform()) + Math.floor(8 * second.uniform()), 5000);
        expect(chiSquare(counts(64, cells), () => 5000 / 64)).toBeLessThan(chiSquareBound(63));
      }
    }
  });

  it('the first numbers of neighbouring seeds and labels are as good as those of one stream', () => {
    const bySeed = Array.from({ length: SAMPLES }, (_, i) => createRandom(seed + i).uniform());
    expect(empiricalDistance(bySeed, (x) => x)).toBeLessThan(empiricalDistanceBound(SAMPLES));
    const random = createRandom(seed);
    const byLabel = Array.from({ length: SAMPLES }, (_, i) => random.fork(i).uniform());
    expect(empiricalDistance(byLabel, (x) => x)).toBeLessThan(empiricalDistanceBound(SAMPLES));
  });
});

describe('the bounds', () => {
  it('reject generators that are wrong', () => {
    const { uniform } = createRandom(1);
    expect(
      empiricalDistance(
        draw(() => uniform() ** 1.05),
        (x) => x,
      ),
    ).toBeGreaterThan(empiricalDistanceBound(SAMPLES));
    const biased = counts(
      3,
      draw(() => Math.floor((createRandom(Math.floor(2 ** 40 * uniform())).uint32() % (3 * 2 ** 30)) / 2 ** 30)),
    );
    expect(chiSquare(biased, () => SAMPLES / 3)).toBeGreaterThan(chiSquareBound(2));
  });
});
