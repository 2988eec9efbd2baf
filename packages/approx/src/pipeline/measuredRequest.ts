/**
 * A request for ranks with everything that has to be measured for it; after it ranks are a matter of looking up (rankSlider).
 *
 * | what                    | when                          | how                    |
 * |-------------------------|-------------------------------|------------------------|
 * | energies                | always                        | rankEnergies.ts        |
 * | caps                    | `caps` is `auto`              | ranks/flatCap.ts       |
 * | milliseconds of layers  | the budget is `milliseconds`  | measureLatencies.ts    |
 * | losses of layers        | `ranks` is `sensitivity`      | sensitivityLosses      |
 *
 * Milliseconds are other ones each time they are measured, and other ranks may follow. A journal keeps them, at once, so that work
 * that is taken up again goes on at the same ranks; they are measured anew where the number of threads is another.
 */

import { DomainError, referenceKernels } from '@rankwise/tensor';
import { decompositionPays } from '../decomposition/decompositionCost.ts';
import { canonicalText, commonFingerprint, nameOf } from '../journal/fingerprint.ts';
import type { Journal } from '../journal/journal.ts';
import { openSession } from '../journal/journalSession.ts';
import { convolutionLayers } from '../layers.ts';
import { flatCap } from '../ranks/flatCap.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import type { LayerLatency } from '../ranks/rankCosts.ts';
import { candidateLayers, checkRequest, countedLayers } from '../ranks/rankRequest.ts';
import type { RankRequest } from '../ranks/rankRequest.ts';
import { withOwnRecords } from '../ranks/rankProblem.ts';
import { checkCaps, isCappedFirst, needsLatencies, requestOf } from './approximationRequest.ts';
import type { ApproximateCalibratedOptions } from './approximationRequest.ts';
import type { Calibration } from './calibrate.ts';
import { measureLatencies } from './measureLatencies.ts';
import { rankEnergies } from './rankEnergies.ts';
import { sensitivityLosses } from './searchRanks.ts';

/**
 * Measures what choosing ranks needs, once for every speed-up. The method of `best` is `uniform` here: searchRanks goes on from it.
 * @param calibration - of the layers of layersToCalibrate
 * @param options - as for approximateCalibrated; the speed-up may be left for later
 * @throws DomainError when an option is out of range, or a layer that takes part was not calibrated.
 * @throws the signal's reason when it is aborted.
 * @example
 * import { calibrate, convolutionLayers, layersToCalibrate, measuredRequest, rankSlider } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const options = { ranks: 'sensitivity', budget: 'parameters' } as const;
 * const calibration = await calibrate(model, images, { layers: layersToCalibrate(model, options) });
 * const slider = rankSlider(convolutionLayers(model), await measuredRequest(calibration, options));
 * [2, 3, 4].map((speedup) => slider.at(speedup).ranks.conv2) // => [3, 2, 1]
 */
export async function measuredRequest(
  calibration: Calibration,
  options: ApproximateCalibratedOptions,
): Promise<RankRequest> {
  checkCaps('measuredRequest', options);
  const { model } = calibration;
  const layers = convolutionLayers(model);
  const { kernels = referenceKernels, decomposition = 'channel' } = options;
  const asked = withOwnRecords(requestOf(model, options));
  checkRequest(layers, asked);
  const capped = withFlatCaps(calibration, asked, options);
  checkCalibrated(calibration, capped);
  const request: RankRequest = { ...capped, energies: rankEnergies(calibration, decomposition, kernels) };
  const counted = countedLayers(layers, request).map(({ name }) => name);
  const latencies = needsLatencies(options) ? { latencies: await keptLatencies(calibration, counted, options) } : {};
  const isMissing = request.method === 'sensitivity' && options.losses === undefined;
  const losses = isMissing ? { losses: await sensitivityLosses(calibration, counted, options) } : {};
  return { ...request, ...latencies, ...losses };
}

function withFlatCaps(
  { layers }: Calibration,
  request: RankRequest,
  options: ApproximateCalibratedOptions,
): RankRequest {
  if (options.caps !== 'auto') return request;
  const caps = ownRecord(
    layers.map(({ layer, energies, fitRows }) => [layer.name, flatCap(energies, fitRows)] as const),
  );
  const first = layers.flatMap(({ layer }) => {
    const cap = caps[layer.name] ?? layer.filters;
    return isCappedFirst(layer, options, request) && decompositionPays(layer, cap) ? [[layer.name, cap] as const] : [];
  });
  return { ...request, caps, fixed: { ...ownRecord(first), ...request.fixed } };
}

function checkCalibrated({ model, layers }: Calibration, request: RankRequest): void {
  const calibrated = new Set(layers.map(({ layer }) => layer.name));
  for (const { name } of candidateLayers(convolutionLayers(model), request)) {
    if (!calibrated.has(name)) {
      const known = [...calibrated].join(', ');
      throw new DomainError(`measuredRequest: calibration: expected ${name} among its layers, got ${known}`);
    }
  }
}

/** The layers' milliseconds: those in the journal, or measured now and kept there. */
async function keptLatencies(
  { model }: Calibration,
  layers: readonly string[],
  { decomposition = 'channel', kernels = referenceKernels, journal, signal, onProgress }: ApproximateCalibratedOptions,
): Promise<Record<string, LayerLatency>> {
  const session = await openSession(
    'measuredRequest',
    journal === undefined ? undefined : writingAtOnce(journal),
    async () => commonFingerprint(model, kernels),
  );
  const about = `latencies ${canonicalText({ decomposition, layers, threads: kernels.threads })}`;
  const name = `latencies-${nameOf(about)}`;
  // What is about this very part was written below, in this version: hence the type.
  const kept = (await session.read(name, about)) as [string, LayerLatency][] | undefined;
  if (kept !== undefined) return ownRecord(kept);
  const latencies = await measureLatencies(model, {
    decomposition,
    layers,
    kernels,
    ...(signal === undefined ? {} : { signal }),
    // How long it takes is not foreseen: the bar waits.
    ...(onProgress === undefined ? {} : { onProgress: (event) => onProgress({ ...event, fraction: 0 }) }),
  });
  session.put(name, about, () => Object.entries(latencies));
  await session.checkpoint('end');
  return latencies;
}

function writingAtOnce(journal: Journal): Journal {
  return { read: (name) => journal.read(name), write: (name, bytes) => journal.write(name, bytes), interval: 0 };
}
