/**
 * What a reconstruction keeps in its journal, by layer: the solution once it is there, and until then the regressor's rows and the
 * state of the solver.
 *
 * | entry               | content                          | replaced by                    |
 * |---------------------|----------------------------------|--------------------------------|
 * | `layers-H-solved-I` | what replaces layer I            | –                              |
 * | `layers-H-rows-0` … | ŷ, a group of batches each       | those of the next layer        |
 * | `layers-H-state`    | where the solver stands          | its next state, the next layer |
 *
 * H is a digest of the plan and the options, so that one journal serves several reconstructions from one calibration.
 */

import { referenceKernels } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import type { CalibratedLayer, Calibration } from '../pipeline/calibrate.ts';
import type { LayerReplacement } from '../pipeline/layerReplacement.ts';
import type { ReconstructionOptions } from '../pipeline/reconstruct.ts';
import type { RankPlan } from '../ranks/rankPlan.ts';
import type { AlternationState } from '../solve/nonlinearSolver.ts';
import { canonicalText, commonFingerprint, nameOf, tensorsChecksum } from './fingerprint.ts';
import { openSession } from './journalSession.ts';
import type { JournalSession } from './journalSession.ts';
import { journalRows } from './rowJournal.ts';
import type { RowJournal } from './rowJournal.ts';

/** What replaces a layer and how long it took to find, in whatever run that was. */
export interface TimedReplacement {
  readonly replacement: LayerReplacement;
  readonly seconds: number;
}

export interface ReconstructionJournal {
  readonly session: JournalSession;
  found(layer: CalibratedLayer): Promise<TimedReplacement | undefined>;
  keepFound(layer: CalibratedLayer, found: TimedReplacement): Promise<void>;
  /** For the regressor's rows of one layer. */
  rows(layer: CalibratedLayer, rows: Tensor<'f32'>): RowJournal;
  state(layer: CalibratedLayer): Promise<AlternationState | undefined>;
  keepState(layer: CalibratedLayer, state: AlternationState): Promise<void>;
}

/** The journal of one reconstruction; without `options.journal`, one that forgets everything. */
export async function openReconstructionJournal(
  calibration: Calibration,
  plan: RankPlan,
  options: ReconstructionOptions,
): Promise<ReconstructionJournal> {
  const { kernels = referenceKernels, journal, signal: _, onProgress: __, memoryBudget: ___, ...settings } = options;
  const session = await openSession('reconstruct', journal, async () => ({
    ...commonFingerprint(calibration.model, kernels),
    samples: tensorsChecksum(calibration.layers.map(({ target }) => target)),
    fitImages: `${calibration.fitImages}`,
    windows: calibration.layers.map(({ positions }) => positions.window ?? 1).join(', '),
  }));
  const work = canonicalText({ plan, settings });
  const name = `layers-${nameOf(work)}`;
  const about = ({ layer }: CalibratedLayer, what: string): string => `${what} of ${layer.name} in ${work}`;
  // What is about this very part was written by the methods beside those that read it, in this version: hence the types.
  return {
    session,
    found: async (layer) =>
      (await session.read(`${name}-solved-${layer.layer.index}`, about(layer, 'solution'))) as
        TimedReplacement | undefined,
    keepFound: async (layer, found) => {
      session.drop(`${name}-rows`);
      session.drop(`${name}-state`);
      session.put(`${name}-solved-${layer.layer.index}`, about(layer, 'solution'), () => found);
      await session.checkpoint();
    },
    rows: (layer, rows) =>
      journalRows(session, `${name}-rows`, about(layer, 'rows'), [{ rows, perImage: layer.positions.perImage }]),
    state: async (layer) =>
      (await session.read(`${name}-state`, about(layer, 'state'))) as AlternationState | undefined,
    keepState: async (layer, state) => {
      session.put(`${name}-state`, about(layer, 'state'), () => state);
      await session.checkpoint();
    },
  };
}
