/**
 * The process in which the fuzz run's problems run: `fuzzChild.ts <count> <seed>`. It names each problem to its parent, which
 * notices when no next one comes, and in the end tells what was found.
 */

import { createSimdKernels } from '@rankwise/simd';
import { createRandom } from '@rankwise/tensor';
import { worstRatios } from '../kit/matrices/index.ts';
import type { WorstRatio } from '../kit/matrices/index.ts';
import { makeFuzz } from './fuzzProblems.ts';
import type { Tally } from './fuzzProblems.ts';

export interface FuzzResult {
  readonly tallies: readonly (readonly [name: string, tally: Tally])[];
  readonly failures: readonly string[];
  readonly ratios: readonly WorstRatio[];
}

/** Resolves when the message has left: what follows may never return. */
function tell(message: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send?.(message, undefined, undefined, (error) => (error === null ? resolve() : reject(error)));
  });
}

const [count = 0, seed = 0] = process.argv.slice(2).map(Number);
const simd = await createSimdKernels({ leastWork: 0 });
const { tallies, failures, draw } = makeFuzz(simd);
const random = createRandom(seed);
for (let run = 0; run < count; run++) {
  const problem = draw(random);
  await tell({ starts: problem.what });
  problem.run();
}
const result: FuzzResult = { tallies: [...tallies], failures, ratios: worstRatios() };
await tell({ result });
simd.dispose();
process.disconnect();
