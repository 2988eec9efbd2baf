/**
 * A small calibration inside a calibration, to try ranks on: some of the fitting images fit, others judge.
 *
 * The held-out images stay unseen, so that what is reported on them is not what the ranks were chosen by.
 */

import { concat, createRandom, referenceKernels, slice, zeros } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { forward, selectImages } from '@rankwise/nn';
import { batchRanges, spectrumOf } from './calibrate.ts';
import type { CalibratedLayer, Calibration } from './calibrate.ts';
import { createTurnTaker } from './progress.ts';

export interface TrialOptions {
  /** Most images to fit to; default 1,000. */
  readonly fit?: number;
  /** Most images to judge by; default 256. They are never more than a third of the fitting images. */
  readonly judge?: number;
  readonly kernels?: Kernels;
  readonly signal?: AbortSignal;
}

/**
 * Draws the trial's images from the fitting images, by the calibration's seed, and runs the original network over those that judge.
 * @throws the signal's reason when it is aborted.
 */
export async function trialCalibration(calibration: Calibration, options: TrialOptions = {}): Promise<Calibration> {
  const { kernels = referenceKernels, signal } = options;
  const { fitImages, seed } = calibration;
  const { fit: fitting, judge: judges } = trialCounts(fitImages, options);
  const order = createRandom(seed).fork('trial').permutation(fitImages);
  const indices = [...order.slice(0, fitting).toSorted(), ...order.slice(fitting, fitting + judges).toSorted()];
  const images = selectImages(calibration.images, indices);
  const takeTurn = createTurnTaker(signal);
  const outputs: Tensor<'f32'>[] = [];
  for (const [from, to] of batchRanges(images.count - fitting, calibration.batchSize)) {
    await takeTurn();
    const batch = await images.batch(fitting + from, fitting + to);
    outputs.push(forward(calibration.model, batch, { kernels }).output);
  }
  return {
    ...calibration,
    images,
    fitImages: fitting,
    layers: calibration.layers.map((layer) => layerOf(layer, indices, fitting, kernels)),
    outputs: outputs.length === 0 ? undefined : concat(outputs, 0),
  };
}

/** How many images fit and how many judge, of `available` that the calibration fits to. */
export function trialCounts(
  available: number,
  { fit = 1000, judge = 256 }: TrialOptions = {},
): { readonly fit: number; readonly judge: number } {
  const judges = Math.max(1, Math.min(judge, Math.floor(available / 3)));
  return { fit: Math.max(1, Math.min(fit, available - judges)), judge: judges };
}

/** The layer's rows and positions of some images, in the given order. */
function layerOf(
  { layer, positions, target }: CalibratedLayer,
  indices: readonly number[],
  fitting: number,
  kernels: Kernels,
): CalibratedLayer {
  const { perImage } = positions;
  const width = perImage * layer.filters;
  const rows = zeros('f32', [indices.length * perImage, layer.filters]);
  const drawn = new Int32Array(indices.length * perImage);
  for (const [i, image] of indices.entries()) {
    const start = target.offset + image * width;
    rows.data.set(target.data.subarray(start, start + width), i * width);
    for (let k = 0; k < perImage; k++) drawn[i * perImage + k] = positions.indices[image * perImage + k]!;
  }
  const fitRows = fitting * perImage;
  const energies = spectrumOf(slice(rows, [[0, fitRows]]), kernels);
  return { layer, positions: { ...positions, indices: drawn }, target: rows, fitRows, energies };
}
