/** Random small problems for the fuzz run: drawn from a stream, named before they run, checked and tallied. */

import { referenceKernels } from '@rankwise/tensor';
import type { Kernels, Random } from '@rankwise/tensor';
import { THRESHOLD, checkLaws, expectRatio, generalCase, generalGallery, symmetricCase, symmetricGallery } from '../kit/matrices/index.ts'; // prettier-ignore
import type { BoundLaw, MatrixCase } from '../kit/matrices/index.ts';
import { isWorse } from '../kit/matrices/worstRatios.ts';
import { generalRows, symmetricRows } from './routines.ts';
import type { GeneralRow, SymmetricRow } from './routines.ts';

/** Of the processor's time: problems of order 33 take milliseconds; seconds would mean going round in circles, or nearly so. */
const LONGEST_SECONDS = 5;

/** One problem in so many runs on the second kernels. */
const SECOND_KERNELS = 10;

export interface Tally {
  problems: number;
  worst: number;
  what: string;
  /** Seconds. */
  slowest: number;
}

export interface Problem {
  /** The routine, the kind, the seed. */
  readonly what: string;
  readonly run: () => void;
}

export interface Fuzz {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly failures: readonly string[];
  readonly draw: (random: Random) => Problem;
}

/** Problems of all rows, on reference kernels mostly and on `second` now and then. */
export function makeFuzz(second: Kernels): Fuzz {
  const tallies = new Map<string, Tally>();
  const failures: string[] = [];
  const tables = [referenceKernels, second].map((kernels) => ({ symmetric: symmetricRows(kernels), general: generalRows(kernels) })); // prettier-ignore

  /** All laws of results, and one of the relations, which cost several calls each. */
  function problemOf<C extends MatrixCase>(
    { name, results, relations }: { name: string; results: readonly BoundLaw<C>[]; relations: readonly BoundLaw<C>[] },
    kernels: string,
    one: C,
    random: Random,
  ): Problem {
    const laws = relations.length === 0 ? results : [...results, pick(relations, random)];
    const tally = tallies.get(name) ?? { problems: 0, worst: 0, what: '', slowest: 0 };
    tallies.set(name, tally);
    const what = `${name} on ${kernels} kernels, ${one.what}`;
    const run = (): void => {
      tally.problems++;
      const start = processorSeconds();
      try {
        checkLaws(name, laws, one, (law, _, ratio) => {
          if (isWorse(ratio, tally.worst)) Object.assign(tally, { worst: ratio, what: `${law} | ${one.what}` });
          if (ratio < THRESHOLD) expectRatio(law, one, ratio);
          else failures.push(`${law}: ratio ${ratio}, ${what}`);
        });
      } catch (error) {
        failures.push(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      }
      const seconds = processorSeconds() - start;
      tally.slowest = Math.max(tally.slowest, seconds);
      if (seconds > LONGEST_SECONDS) failures.push(`${what}: ${seconds} s`);
    };
    return { what, run };
  }

  function draw(random: Random): Problem {
    const isSecond = random.integer(SECOND_KERNELS) === 0;
    const { symmetric, general } = tables[isSecond ? 1 : 0]!;
    const kernels = isSecond ? 'simd' : 'reference';
    const at = random.integer(symmetric.length + general.length);
    if (at < symmetric.length) {
      return problemOf(symmetric[at]!, kernels, drawSymmetric(symmetric[at]!, random), random);
    }
    const row = general[at - symmetric.length]!;
    return problemOf(row, kernels, drawGeneral(row, random), random);
  }

  return { tallies, failures, draw };
}

function drawSymmetric({ keep = () => true }: SymmetricRow, random: Random): ReturnType<typeof symmetricCase> {
  const kind = pick(symmetricGallery.filter(keep), random);
  return symmetricCase(kind.name, order(random), random.uint32(), exponentFor(kind.scale, random));
}

function drawGeneral({ keep = () => true, shape }: GeneralRow, random: Random): ReturnType<typeof generalCase> {
  const kind = pick(generalGallery.filter(keep), random);
  const n = order(random);
  const m = shape === 'square' ? n : order(random);
  const [rows, columns] = (shape === 'tall' && m < n) || (shape === 'wide' && m > n) ? [n, m] : [m, n];
  return generalCase(kind.name, rows, columns, random.uint32(), exponentFor(kind.scale, random));
}

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

/** Not the clock's, which goes on while other processes run. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}
