/**
 * What a search of ranks keeps in its journal: the measured losses, and the scores of the plans carried out so far.
 *
 * | entry              | content                               | replaced by          |
 * |--------------------|---------------------------------------|----------------------|
 * | `search-H-losses`  | each layer's losses at rank 1, 2, …    | –                    |
 * | `search-H-scores`  | scores by plan                        | the next score       |
 *
 * H is a digest of the request and the options. The search is the same for the same scores, so that it goes on where it was.
 */

import { referenceKernels } from '@rankwise/tensor';
import type { Kernels } from '@rankwise/tensor';
import type { Calibration } from '../pipeline/calibrate.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import { canonicalText, commonFingerprint, nameOf, tensorsChecksum } from './fingerprint.ts';
import type { Journal } from './journal.ts';
import { openSession } from './journalSession.ts';
import type { JournalSession } from './journalSession.ts';

export interface SearchJournal {
  readonly session: JournalSession;
  /** The losses, measured now where they are not known. */
  losses(measure: () => Promise<Record<string, Float64Array>>): Promise<Record<string, Float64Array>>;
  /** The score of a plan, found now where it is not known. */
  score(plan: string, find: () => Promise<number>): Promise<number>;
}

/**
 * The journal of one search; without `journal`, one that forgets everything.
 * @param trial - what the search works on
 * @param settings - what decides the scores and losses, besides the trial; plain data
 */
export async function openSearchJournal(
  trial: Calibration,
  settings: unknown,
  { kernels = referenceKernels, journal }: { readonly kernels?: Kernels; readonly journal?: Journal },
): Promise<SearchJournal> {
  const session = await openSession('searchRanks', journal, async () => ({
    ...commonFingerprint(trial.model, kernels),
    samples: tensorsChecksum(trial.layers.map(({ target }) => target)),
    fitImages: `${trial.fitImages}`,
  }));
  const work = canonicalText(settings);
  const name = `search-${nameOf(work)}`;
  // What is about this very part was written below, in this version: hence the types.
  const known = (await session.read(`${name}-scores`, `scores in ${work}`)) as [string, number][] | undefined;
  const scores = new Map(known);
  return {
    session,
    losses: async (measure) => {
      const about = `losses in ${work}`;
      // As a list: a layer may have a name that the journal keeps to itself.
      const kept = (await session.read(`${name}-losses`, about)) as [string, Float64Array][] | undefined;
      if (kept !== undefined) return ownRecord(kept);
      const losses = await measure();
      session.put(`${name}-losses`, about, () => Object.entries(losses));
      await session.checkpoint();
      return losses;
    },
    score: async (plan, find) => {
      const kept = scores.get(plan);
      if (kept !== undefined) return kept;
      const score = await find();
      scores.set(plan, score);
      session.put(`${name}-scores`, `scores in ${work}`, () => [...scores]);
      await session.checkpoint();
      return score;
    },
  };
}
