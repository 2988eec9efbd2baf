/**
 * Verifies an approximation: what was done and what it did, recomputed from the two networks and some images, and compared with what
 * a report claims.
 *
 * The report is believed in nothing. It is asked only which images it held out (a seed and some counts), and whether those are the ones
 * is settled by their digest. Costs and ranks come from the graphs, errors from running both networks; the solvers are not used.
 *
 * Cost: both networks and the replacements once over the images; over all calibration images with `fit`.
 */

import { DomainError, ShapeError, formatShape, referenceKernels, sameShape, tensorOf } from '@rankwise/tensor';
import type { Kernels, Tensor } from '@rankwise/tensor';
import { imageSourceOf, inferShapes, validateModel } from '@rankwise/nn';
import type { ImageSource, Model } from '@rankwise/nn';
import { modelDigest } from '../digest/digests.ts';
import { matchModels } from './matchModels.ts';
import type { Replacement } from './matchModels.ts';
import { asScores, measureModels, termsOf } from './measureModels.ts';
import type { MeasuredLayer, Measurements } from './measureModels.ts';
import { outputFindings } from './outputFindings.ts';
import { pairedAccuracy } from './pairedAccuracy.ts';
import type { PairedAccuracy } from './pairedAccuracy.ts';
import { readReport } from './readReport.ts';
import { reportClaims } from './reportClaims.ts';
import { verifiedImages } from './verifiedImages.ts';
import type { GivenImages, VerifiedImages } from './verifiedImages.ts';
import { costOf, verifiedLayers } from './verifiedLayers.ts';
import type { Verification } from './verification.ts';

export interface VerifyOptions {
  /** What `approximate` reported, as an object or parsed from JSON; default none: nothing is compared. */
  readonly report?: unknown;
  /** [images], one for each image of the source. */
  readonly labels?: Tensor<'i32' | 'u8'>;
  /** Where the report's held-out images are not found: only the first of the images; default all. */
  readonly images?: number;
  /** Likewise: positions per image and layer, default 10, and the seed they are drawn by, default 0. */
  readonly positions?: number;
  readonly seed?: number;
  /** Run the calibration images too, so that fitting errors can be checked; default false. */
  readonly fit?: boolean;
  readonly kernels?: Kernels;
  readonly signal?: AbortSignal;
  readonly onProgress?: (event: { readonly done: number; readonly total: number }) => void;
}

/** Best classes among which the true one is looked for. */
const places = [1, 5] as const;

/**
 * Verifies an approximated network against its original.
 * @param images - preprocessed, f32 [images, channels, height, width], or a source of such batches; those that the report's were
 * chosen from, for its measured figures to be checked
 * @returns everything found; `refuted` is true when a figure of the report is wrong
 * @throws ShapeError when the two networks or the images do not fit each other.
 * @throws DomainError when there are no images, an option is out of range, or a value is not finite.
 * @throws FormatError when the report is none (see readReport).
 * @throws the signal's reason when it is aborted.
 * @example
 * import { approximate, verifyApproximation } from '@rankwise/approx';
 * import { sequential } from '@rankwise/nn';
 * import { createRandom, zeros } from '@rankwise/tensor';
 * const model = sequential('tiny', [1, 8, 8], { seed: 1 }).conv('conv1', { filters: 8, kernel: 3 }).relu('relu1')
 *   .conv('conv2', { filters: 8, kernel: 3 }).relu('relu2').build();
 * const images = createRandom(2).fillNormalInPlace(zeros('f32', [40, 1, 8, 8]));
 * const made = await approximate(model, images, { speedup: 2, ranks: 'uniform', measure: false });
 * const { layers, refuted } = await verifyApproximation(model, made.model, images, { report: made.report });
 * layers.map(({ name, decomposition, ranks }) => [name, decomposition, ranks]) // => [['conv2', 'channel', [3]]]
 * refuted // => false
 */
export async function verifyApproximation(
  original: Model,
  approximated: Model,
  images: ImageSource | Tensor<'f32'>,
  options: VerifyOptions = {},
): Promise<Verification> {
  const { labels, kernels = referenceKernels } = options;
  const source = 'batch' in images ? images : imageSourceOf(images);
  checkPair(original, approximated);
  checkImages(original, source, options);
  const report = options.report === undefined ? undefined : readReport(options.report);
  const match = matchModels(original, approximated);
  const digests = { original: modelDigest(original), approximated: modelDigest(approximated) };
  const chosen = await verifiedImages(source, report, givenImages(options));
  const measured = await measureAll(original, approximated, match.replacements, chosen, options);
  const layers = verifiedLayers(original, approximated, match.replacements, measured.run.layers, kernels);
  const [before, after] = [asScores(measured.run.originalOutputs), asScores(measured.run.approximatedOutputs)];
  const outputs = outputFindings(before, after, termsOf(approximated, approximated.nodes));
  const findings = {
    original,
    approximated,
    match,
    digests,
    layers,
    images: chosen.set,
    heldOutDigest: chosen.heldOutDigest,
    heldOut: chosen.kind === 'held-out' ? measured.run.layers : undefined,
    fit: measured.fit,
    given: measured.run.layers,
    outputs,
  };
  const claims = report === undefined ? null : reportClaims(report, findings);
  return {
    format: 'rankwise-verification',
    version: 1,
    model: original.name,
    digests,
    images: {
      kind: chosen.kind,
      count: chosen.images.source.count,
      positions: chosen.images.positions,
      seed: chosen.images.seed,
    },
    layers,
    differences: match.differences,
    cost: costOf(original, approximated, layers),
    outputError: finiteOrNull(outputs.error.value),
    outputAgreement: outputs.agreement,
    accuracy: labels === undefined ? null : accuracyOf(before, after, labels, chosen.indices),
    claims,
    refuted: claims?.some(({ verdict }) => verdict === 'refuted') ?? false,
  };
}

/** Runs the images, and with `fit` the calibration images after them. */
async function measureAll(
  original: Model,
  approximated: Model,
  replacements: readonly Replacement[],
  chosen: VerifiedImages,
  options: VerifyOptions,
): Promise<{ readonly run: Measurements; readonly fit: readonly MeasuredLayer[] | undefined }> {
  const fitted = options.fit === true ? chosen.fit : undefined;
  const first = chosen.images.source.count;
  const total = first + (fitted?.source.count ?? 0);
  const measure = (on: VerifiedImages['images'], before: number): Promise<Measurements> =>
    measureModels(original, approximated, replacements, on, {
      ...options,
      onProgress: ({ done }) => options.onProgress?.({ done: before + done, total }),
    });
  const run = await measure(chosen.images, 0);
  return { run, fit: fitted === undefined ? undefined : (await measure(fitted, first)).layers };
}

function checkPair(original: Model, approximated: Model): void {
  for (const model of [original, approximated]) validateModel(model);
  const [before, after] = [original, approximated].map((model) => inferShapes(model).get(model.output) ?? []);
  if (!sameShape(original.input.shape, approximated.input.shape)) {
    throw new ShapeError(
      `verifyApproximation: approximated: expected images ${formatShape(original.input.shape)} as the original takes, got ${formatShape(approximated.input.shape)}`,
    );
  }
  if (!sameShape(before ?? [], after ?? [])) {
    throw new ShapeError(
      `verifyApproximation: approximated: expected answers ${formatShape(before ?? [])} as the original gives, got ${formatShape(after ?? [])}`,
    );
  }
}

function checkImages(original: Model, source: ImageSource, { labels, images, positions, seed }: VerifyOptions): void {
  if (!sameShape(source.shape, original.input.shape)) {
    throw new ShapeError(
      `verifyApproximation: images: expected ${formatShape(original.input.shape)} each, got ${formatShape(source.shape)}`,
    );
  }
  if (source.count === 0) throw new DomainError('verifyApproximation: images: expected at least one, got none');
  if (labels !== undefined && !sameShape(labels.shape, [source.count])) {
    throw new ShapeError(`verifyApproximation: labels: expected [${source.count}], got ${formatShape(labels.shape)}`);
  }
  for (const [argument, value, least] of [
    ['images', images ?? 1, 1],
    ['positions', positions ?? 1, 1],
    ['seed', seed ?? 0, 0],
  ] as const) {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new DomainError(`verifyApproximation: ${argument}: expected an integer ≥ ${least}, got ${value}`);
    }
  }
}

function givenImages({ images = Infinity, positions = 10, seed = 0 }: VerifyOptions): GivenImages {
  return { images, positions, pooled: false, seed };
}

function accuracyOf(
  before: Tensor<'f32'>,
  after: Tensor<'f32'>,
  labels: Tensor<'i32' | 'u8'>,
  indices: readonly number[],
): PairedAccuracy[] {
  const stride = labels.strides[0] ?? 1;
  const chosen = Int32Array.from(indices, (index) => labels.data[labels.offset + index * stride]!);
  const classes = before.shape[1] ?? 1;
  const counted = [...new Set(places.map((count) => Math.min(count, classes)))];
  return counted.map((count) => pairedAccuracy(before, after, tensorOf(chosen, [chosen.length]), count));
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
