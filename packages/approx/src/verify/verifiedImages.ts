/**
 * Which images a verification runs: those that the report held out, found again by its seed and counts and recognised by their digest,
 * or else the images as they are given.
 */

import { selectImages } from '@rankwise/nn';
import type { ImageSource } from '@rankwise/nn';
import { sourceDigest, updateWithImages } from '../digest/digests.ts';
import { createSha256 } from '../digest/sha256.ts';
import { chooseImages } from '../sampling/chooseImages.ts';
import type { MeasuredImages } from './measureModels.ts';
import type { ReportClaims } from './readReport.ts';
import { isSameSet } from './reportClaims.ts';

export interface VerifiedImages {
  readonly set: { readonly count: number; readonly digest: string };
  /** Of the images that the report's seed and counts choose; null when the set is another one or none are held out. */
  readonly heldOutDigest: string | null;
  readonly kind: 'held-out' | 'given';
  readonly images: MeasuredImages;
  /** Indices into the source. */
  readonly indices: readonly number[];
  /** The calibration images, where the held-out ones were found. */
  readonly fit: MeasuredImages | undefined;
}

/** How images are taken when no report says so. */
export interface GivenImages {
  /** Only the first of them. */
  readonly images: number;
  readonly positions: number;
  readonly pooled: boolean;
  readonly seed: number;
}

/** Finds the images. Reads those that the report held out once, for their digest. */
export async function verifiedImages(
  source: ImageSource,
  report: ReportClaims | undefined,
  given: GivenImages,
): Promise<VerifiedImages> {
  const set = { count: source.count, digest: await sourceDigest(source) };
  const choice = report !== undefined && isSameSet(report, set) && isPossible(report) ? choiceOf(report) : undefined;
  const count = Math.min(given.images, source.count);
  const { positions, pooled, seed } = choice === undefined ? given : (report?.settings ?? given);
  const fallback: VerifiedImages = {
    set,
    heldOutDigest: null,
    kind: 'given',
    images: {
      source: count === source.count ? source : selectImages(source, firstIndices(count)),
      firstPlace: 0,
      places: count,
      positions,
      pooled,
      seed,
    },
    indices: firstIndices(count),
    fit: undefined,
  };
  if (choice === undefined || choice.heldOut.length === 0) return fallback;
  const heldOut = selectImages(source, choice.heldOut);
  const heldOutDigest = await digestOf(heldOut);
  if (heldOutDigest !== report?.digests.heldOut) return { ...fallback, heldOutDigest };
  const places = choice.fit.length + choice.heldOut.length;
  return {
    set,
    heldOutDigest,
    kind: 'held-out',
    images: { source: heldOut, firstPlace: choice.fit.length, places, positions, pooled, seed },
    indices: choice.heldOut,
    fit: { source: selectImages(source, choice.fit), firstPlace: 0, places, positions, pooled, seed },
  };
}

/** Counts that a calibration can have had; others choose nothing. */
function isPossible({ settings }: ReportClaims): boolean {
  const { availableImages, images, heldOutImages, positions, seed } = settings;
  const integers = [images, heldOutImages, positions, seed].every((value) => Number.isSafeInteger(value) && value >= 0);
  return integers && positions > 0 && heldOutImages < images && images <= availableImages;
}

function choiceOf({ settings }: ReportClaims): ReturnType<typeof chooseImages> {
  const { availableImages, images, heldOutImages, seed } = settings;
  return chooseImages({ available: availableImages, images, heldOutImages, seed });
}

function firstIndices(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

async function digestOf(source: ImageSource): Promise<string> {
  const hash = createSha256();
  for (let image = 0; image < source.count; image++) updateWithImages(hash, await source.batch(image, image + 1));
  return hash.digest();
}
