/**
 * Random small problems drawn from the gallery: any routine, any kind, orders 0 to 12 mostly, any scale, one in ten on simd
 * kernels. No call may hang, throw, give NaN or a ratio above the threshold. 500 problems by default, 100,000 by
 * `npm run test:deep`. They run in a process of their own, which is ended when a problem does not end.
 *
 * RANKWISE_FUZZ_RUNS sets how many, RANKWISE_FUZZ_SEED from which seed (the one of a run is printed).
 */

import { referenceKernels } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';
import { expectRatio } from '../kit/matrices/index.ts';
import { note } from '../kit/matrices/vitest.ts';
import { publicFunctions } from '../kit/publicFunctions.ts';
import { runWatched } from '../kit/watchedChild.ts';
import type { FuzzResult } from './fuzzChild.ts';
import { routineNames } from './routines.ts';

const count = Number(process.env['RANKWISE_FUZZ_RUNS'] ?? 500);
const seed = Number(process.env['RANKWISE_FUZZ_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

/** By the clock, on a machine that may be busy; the processor's time has a limit of its own. */
const SILENCE_SECONDS = 20;

/** As many counter-examples are shown, each on a line. */
const SHOWN = 20;

describe('random small problems', () => {
  it('are of every public routine', () => {
    const names = publicFunctions('linalg').map(({ name }) => name);
    expect(names.length).toBeGreaterThan(40);
    expect(routineNames(referenceKernels).toSorted()).toEqual(names.toSorted());
  });

  it('a problem that does not end is named', async () => {
    await expect(runWatched('test/linalg/endlessChild.ts', [], 1)).rejects.toThrow('no end after 1 s: second');
  });

  it(`no hang, no NaN, no ratio above the threshold in ${count}, seed ${seed}`, async () => {
    const start = performance.now();
    // The child's own words, in its own type.
    const { tallies, failures, ratios } = (await runWatched('test/linalg/fuzzChild.ts', [`${count}`, `${seed}`], SILENCE_SECONDS)) as FuzzResult; // prettier-ignore
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    const slowest = Math.max(...tallies.map(([, tally]) => tally.slowest)).toFixed(2);
    note(
      `Fuzz: ${count} problems in ${seconds} s, the slowest ${slowest} s, ${failures.length} failures, seed ${seed}`,
    );
    if (count >= 10_000) {
      for (const [name, { problems, worst }] of tallies) note(`  ${name}: ${problems} problems, worst ratio ${worst.toPrecision(2)}`); // prettier-ignore
    }
    expect(failures.slice(0, SHOWN)).toEqual([]);
    for (const { check, ratio, ...one } of ratios) expectRatio(check, one, ratio);
  });
});
