/**
 * Random small problems drawn from the gallery: any routine, any kind, orders 0 to 12 mostly, any scale. No call may hang, throw,
 * give NaN or a ratio above the threshold. 500 problems by default, 100,000 by `npm run test:deep`.
 *
 * RANKWISE_FUZZ_RUNS sets how many, RANKWISE_FUZZ_SEED from which seed (the one of a run is printed).
 */

import { createRandom, referenceKernels } from '@rankwise/tensor';
import type { Random } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { THRESHOLD, checkLaws, expectRatio, generalCase, generalGallery, symmetricCase, symmetricGallery } from '../kit/matrices/index.ts'; // prettier-ignore
import type { BoundLaw, MatrixCase } from '../kit/matrices/index.ts';
import { note } from '../kit/matrices/vitest.ts';
import { generalRows, symmetricRows } from './routines.ts';
import type { GeneralRow, SymmetricRow } from './routines.ts';

const count = Number(process.env['RANKWISE_FUZZ_RUNS'] ?? 500);
const seed = Number(process.env['RANKWISE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** Of the processor's time: problems of order 33 take milliseconds; seconds would mean going round in circles, or nearly so. */
const LONGEST_SECONDS = 5;

/** As many counter-examples are shown, each on a line. */
const SHOWN = 20;

interface Tally {
  problems: number;
  worst: number;
  what: string;
  slowest: number;
}

const tallies = new Map<string, Tally>();
const failures: string[] = [];

/** One of the list. */
function pick<T>(list: readonly T[], random: Random): T {
  return list[random.integer(list.length)]!;
}

function order(random: Random): number {
  return random.integer(40) === 0 ? 13 + random.integer(21) : random.integer(13);
}

/** 0 half of the time; otherwise anywhere where the elements, within 2^±110 of 1, stay normal. */
function exponentFor(scale: string | undefined, random: Random): number {
  return scale !== undefined || random.integer(2) === 0 ? 0 : random.integer(1801) - 900;
}

function fuzzSymmetric({ name, keep = () => true, results, relations }: SymmetricRow, random: Random): void {
  const kind = pick(symmetricGallery.filter(keep), random);
  const one = symmetricCase(kind.name, order(random), random.uint32(), exponentFor(kind.scale, random));
  check(name, one, results, relations, random);
}

function fuzzGeneral({ name, keep = () => true, shape, results, relations }: GeneralRow, random: Random): void {
  const kind = pick(generalGallery.filter(keep), random);
  const n = order(random);
  const m = shape === 'square' ? n : order(random);
  const [rows, columns] = (shape === 'tall' && m < n) || (shape === 'wide' && m > n) ? [n, m] : [m, n];
  const one = generalCase(kind.name, rows, columns, random.uint32(), exponentFor(kind.scale, random));
  check(name, one, results, relations, random);
}

/** All laws of results, and one of the relations, which cost several calls each. */
function check<C extends MatrixCase>(
  name: string,
  one: C,
  results: readonly BoundLaw<C>[],
  relations: readonly BoundLaw<C>[],
  random: Random,
): void {
  const laws = relations.length === 0 ? results : [...results, pick(relations, random)];
  const tally = tallies.get(name) ?? { problems: 0, worst: 0, what: '', slowest: 0 };
  tallies.set(name, tally);
  tally.problems++;
  const start = processorSeconds();
  try {
    checkLaws(name, laws, one, (law, _, ratio) => {
      if (!(ratio <= tally.worst)) Object.assign(tally, { worst: ratio, what: `${law} | ${one.what}` });
      if (ratio < THRESHOLD) expectRatio(law, one, ratio);
      else failures.push(`${law}: ratio ${ratio}, ${one.what}`);
    });
  } catch (error) {
    failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const seconds = processorSeconds() - start;
  tally.slowest = Math.max(tally.slowest, seconds);
  if (seconds > LONGEST_SECONDS) failures.push(`${name}: ${seconds} s, ${one.what}`);
}

/** Not the clock's, which goes on while other processes run. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

describe('random small problems', () => {
  it(`no hang, no NaN, no ratio above the threshold in ${count}, seed ${seed}`, () => {
    const random = createRandom(seed);
    const [symmetric, general] = [symmetricRows(referenceKernels), generalRows(referenceKernels)];
    const start = performance.now();
    for (let run = 0; run < count; run++) {
      const row = random.integer(symmetric.length + general.length);
      if (row < symmetric.length) fuzzSymmetric(symmetric[row]!, random);
      else fuzzGeneral(general[row - symmetric.length]!, random);
    }
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const slowest = Math.max(...[...tallies.values()].map((tally) => tally.slowest)).toFixed(2);
    note(
      `Fuzz: ${count} problems in ${seconds} s, the slowest ${slowest} s, ${failures.length} failures, seed ${seed}`,
    );
    if (count >= 10_000) {
      for (const [name, { problems, worst }] of tallies) note(`  ${name}: ${problems} problems, worst ratio ${worst.toPrecision(2)}`); // prettier-ignore
    }
    expect(failures.slice(0, SHOWN)).toEqual([]);
  });
});
