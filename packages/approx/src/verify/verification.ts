/** What a verification finds, as plain JSON data. */

import type { ChainKind } from './describeChain.ts';
import type { PairedAccuracy } from './pairedAccuracy.ts';

/**
 * | verdict   | meaning                                                                             |
 * |-----------|-------------------------------------------------------------------------------------|
 * | equal     | an exact figure, found to be the same                                               |
 * | within    | a measured figure, found within `bound` of the claim                                |
 * | refuted   | found to be something else                                                          |
 * | unchecked | nothing here can tell; `why` says so                                                |
 */
export type Verdict = 'equal' | 'within' | 'refuted' | 'unchecked';

export type Figure = string | number | boolean | null;

/** One figure of a report against what was found. */
export interface Claim {
  /** The layer it is about, or none. */
  readonly layer: string | null;
  readonly what: string;
  readonly claimed: Figure;
  /** Null where nothing was found, and where an error is infinite. */
  readonly found: Figure;
  readonly verdict: Verdict;
  /** How far a measured figure may be off. */
  readonly bound: number | null;
  readonly why: string | null;
}

/** A replaced convolution, from the two networks alone. */
export interface VerifiedLayer {
  readonly name: string;
  readonly decomposition: ChainKind;
  /** `name/basis`, `name`. */
  readonly nodes: readonly string[];
  readonly filters: number;
  /** Filters of all new layers but the last: d' for channel, K for spatial, d'' and d' for 3d. */
  readonly ranks: readonly number[];
  /** Of the composed linear map, cut behind each of them. */
  readonly numericalRanks: readonly number[];
  /** Multiply-adds per image. */
  readonly macsBefore: number;
  readonly macsAfter: number;
  /** Those of the last new layer, where that is the 1×1 one of a channel decomposition; else 0. */
  readonly projectionMacs: number;
  readonly parametersBefore: number;
  readonly parametersAfter: number;
  /** Relative errors; null where they are infinite, or the layer could not be run. */
  readonly insideError: number | null;
  readonly aloneError: number | null;
}

export interface Verification {
  readonly format: 'rankwise-verification';
  readonly version: 1;
  readonly model: string;
  readonly digests: { readonly original: string; readonly approximated: string };
  readonly images: {
    /** The held-out images of the report, found again, or the images as given. */
    readonly kind: 'held-out' | 'given';
    readonly count: number;
    readonly positions: number;
    readonly seed: number;
  };
  readonly layers: readonly VerifiedLayer[];
  /** What else differs between the two networks. */
  readonly differences: readonly string[];
  readonly cost: {
    /** Of the whole network: convolutions and linear layers. */
    readonly macsBefore: number;
    readonly macsAfter: number;
    readonly parametersBefore: number;
    readonly parametersAfter: number;
    /** Over the replaced convolutions. */
    readonly replacedSpeedup: number;
    readonly wholeModelSpeedup: number;
  };
  /** Relative difference of the answers; null where the original's do not vary and the others differ. */
  readonly outputError: number | null;
  /** Share of images on which both name the same class. */
  readonly outputAgreement: number;
  /** Top-1 and top-5 (fewer where there are fewer classes); null without labels. */
  readonly accuracy: readonly PairedAccuracy[] | null;
  /** Null without a report. */
  readonly claims: readonly Claim[] | null;
  /** True when a claim is refuted. */
  readonly refuted: boolean;
}
