/**
 * Which algorithm a convolution takes, as a pure function of its shape, its options and the machine's features.
 *
 * Costs are modelled nanoseconds. With C channels and O filters of a group, K = C r_h r_w, P positions and T tiles over all images,
 * and ξ = n_h n_w points of a transformed tile:
 *
 *   implicit   2 ⌈O⌉ ⌈P⌉ K / rate + t_pack K P
 *   Winograd   ξ (2 ⌈T⌉ ⌈O⌉ C / rate + 4 C ⌈O⌉ / bandwidth + t_in C T + t_out O T)
 *
 * (⌈·⌉ rounds up to whole panels.) The bandwidth term is the reading of the transformed weights, which do not fit a cache.
 *
 * A transform of n points computes m = n − r + 1 outputs along an axis. Its error grows with n: see the bounds in README.md. `largest`
 * caps n; 0 turns the algorithm off.
 */

import type { Conv2dExtents, ConvolutionGeometry } from '@rankwise/tensor';
import { chooseTile, roundUp } from './tileShape.ts';
import type { RatedTile } from './tileShape.ts';

/** Points of the transforms that exist: those of 0, ±1, ±2, ±1/2 and ∞. */
export const transformSizes = [4, 6, 8] as const;
export type TransformSize = (typeof transformSizes)[number];

/** Lanes of an f32 vector. */
export const lanes = 4;

/**
 * Costs in nanoseconds, as measured on a 2.5 GHz Skylake: an element packed, and a point of a tile transformed, for each channel of the
 * input and each filter of the output.
 */
const nanoseconds = { pack: 0.5, input: 2.6, output: 2 } as const;
/** Bytes a nanosecond from beyond the caches, on the same machine. */
const bandwidth = 12;

export interface ImplicitPlan {
  readonly algorithm: 'implicit';
  readonly cost: number;
  readonly tile: RatedTile;
}

/** Along one axis: outputs of a tile, taps of the kernel, points, and number of tiles. */
export interface TileAxis {
  readonly outputs: number;
  readonly taps: number;
  readonly size: number;
  readonly tiles: number;
}

export interface WinogradPlan {
  readonly algorithm: 'winograd';
  readonly cost: number;
  readonly tile: RatedTile;
  readonly y: TileAxis;
  readonly x: TileAxis;
}

/** Too little work to set up tasks for. */
export interface PlainPlan {
  readonly algorithm: 'plain';
}

export type ConvolutionPlan = ImplicitPlan | WinogradPlan;

/** How a convolution is made. The bits of the result depend on it. */
export type ConvolutionWay = PlainPlan | ConvolutionPlan;

export interface PlanOptions {
  readonly relaxed: boolean;
  /** Largest number of points along an axis; 0 for none. */
  readonly largest: TransformSize | 0;
}

/**
 * The plain loops for a group of few multiply-adds, else the plan.
 * @param leastWork - multiply-adds that are worth setting up tasks for
 */
export function chooseConvolution(
  extents: Conv2dExtents,
  geometry: Pick<ConvolutionGeometry, 'stride' | 'dilation'>,
  options: PlanOptions & { readonly leastWork: number },
): ConvolutionWay {
  if (workOfGroup(extents) < options.leastWork) return { algorithm: 'plain' };
  return planConvolution(extents, geometry, options);
}

/** The cheapest plan by the model above. */
export function planConvolution(
  extents: Conv2dExtents,
  geometry: Pick<ConvolutionGeometry, 'stride' | 'dilation'>,
  options: PlanOptions,
): ConvolutionPlan {
  const implicit = implicitPlan(extents, options);
  const unitSteps = [...geometry.stride, ...geometry.dilation].every((step) => step === 1);
  if (!unitSteps) return implicit;
  return winogradPlans(extents, options).reduce<ConvolutionPlan>(
    (best, plan) => (plan.cost < best.cost ? plan : best),
    implicit,
  );
}

function workOfGroup(extents: Conv2dExtents): number {
  const { images, channels, filters, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  return images * filters * outputHeight * outputWidth * channels * kernelHeight * kernelWidth;
}

export function implicitPlan(extents: Conv2dExtents, { relaxed }: PlanOptions): ImplicitPlan {
  const { images, channels, filters, kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const positions = images * outputHeight * outputWidth;
  const depth = channels * kernelHeight * kernelWidth;
  const { tile, cost } = chooseTile(filters, positions, lanes, relaxed);
  return { algorithm: 'implicit', tile, cost: 2 * cost * depth + nanoseconds.pack * depth * positions };
}

/** A plan for each transform size that fits the kernel; the same size along both axes, none along an axis with one tap. */
export function winogradPlans(extents: Conv2dExtents, { relaxed, largest }: PlanOptions): readonly WinogradPlan[] {
  const { kernelHeight, kernelWidth, outputHeight, outputWidth } = extents;
  const taps = Math.max(kernelHeight, kernelWidth);
  if (taps === 1 || Math.min(kernelHeight === 1 ? taps : kernelHeight, kernelWidth === 1 ? taps : kernelWidth) < 2)
    return [];
  return transformSizes
    .filter((size) => size <= largest && size > taps)
    .map((size) => {
      const y = tileAxis(size, kernelHeight, outputHeight);
      const x = tileAxis(size, kernelWidth, outputWidth);
      return winogradPlan(extents, y, x, relaxed);
    });
}

function tileAxis(size: number, taps: number, extent: number): TileAxis {
  const outputs = taps === 1 ? 1 : size - taps + 1;
  return { outputs, taps, size: outputs + taps - 1, tiles: Math.ceil(extent / outputs) };
}

function winogradPlan(
  { images, channels: given, filters }: Conv2dExtents,
  y: TileAxis,
  x: TileAxis,
  relaxed: boolean,
): WinogradPlan {
  const tiles = images * y.tiles * x.tiles;
  const channels = roundUp(given, lanes);
  const { tile, cost } = chooseTile(tiles, filters, lanes, relaxed);
  const reading = (4 * channels * roundUp(filters, tile.vectors * lanes)) / bandwidth;
  const transforms = nanoseconds.input * channels * tiles + nanoseconds.output * filters * tiles;
  const ofPoint = 2 * cost * channels + reading + transforms;
  return { algorithm: 'winograd', cost: y.size * x.size * ofPoint, tile, y, x };
}
