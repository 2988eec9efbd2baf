/** What was measured, table by table and figure by figure: the data that the claims are judged on and the pictures are drawn from. */

import type { Hits } from '../lib/scoring.ts';
import type { Estimate } from './statistics.ts';

/** One layer of an approximated network. Errors are relative, on photographs that no fit has seen. */
export interface LayerPoint {
  readonly name: string;
  readonly rank: number;
  readonly filters: number;
  readonly energyKept: number;
  readonly error: number | null;
  readonly linearError: number | null;
}

/** One approximation of the network, measured. */
export interface Point {
  /** Of the layers that were approximated, the 1×1 ones counted. */
  readonly speedup: number;
  readonly layers: readonly LayerPoint[];
  readonly hits: Hits;
  /** Relative difference of the network's output on photographs that no fit has seen. */
  readonly outputError: number | null;
  /** Of solving. */
  readonly seconds: number;
}

/** One layer of the paper's Table 1. */
export interface PrintedLayer {
  readonly name: string;
  readonly kernel: number;
  readonly in: number;
  readonly filters: number;
  readonly stride: number;
  readonly output: number;
  readonly sharePercent: number;
  readonly zeros: number;
}

export interface LayerShape {
  readonly name: string;
  readonly kernel: readonly [number, number];
  readonly channels: number;
  readonly filters: number;
  readonly output: readonly [number, number];
  readonly macs: number;
  /** Of the multiply-adds of all convolutions, in percent. */
  readonly sharePercent: number;
  /** Share of zeros after the ReLU, over images. */
  readonly zeros: Estimate;
}

export interface Table1 {
  readonly printed: readonly PrintedLayer[];
  readonly printedMacs: number;
  /** The 7-convolution model with random weights. */
  readonly model: readonly LayerShape[];
  /** The trained network that stands in for it. */
  readonly chain: readonly LayerShape[];
}

/** A row of the paper's Table 2, recomputed. */
export interface RankRow {
  readonly speedup: number;
  readonly selection: boolean;
  readonly printed: readonly number[];
  /** By the formula; null for rows with rank selection. */
  readonly formula: readonly number[] | null;
  /** Multiply-adds before over after at the printed ranks, all convolutions but the first, and all. */
  readonly ratioWithoutFirst: number;
  readonly ratio: number;
  readonly top5ErrorIncrease: number;
}

export interface Table2 {
  readonly layers: readonly string[];
  readonly rows: readonly RankRow[];
  readonly original: Hits;
  readonly chain: readonly { readonly speedup: number; readonly uniform: Point; readonly energy: Point }[];
}

export type TimedNetwork = '3d' | 'alexNet' | 'channel' | 'original' | 'spatial';

export interface TimedRow {
  readonly network: TimedNetwork;
  readonly label: string;
  readonly printedMilliseconds: number;
  readonly printedTop5Error: number;
  /** Of the convolutions. */
  readonly macs: number;
  /** Milliseconds an image in each turn: convolutions, and the layers after them. */
  readonly convolutions: readonly number[];
  readonly rest: readonly number[];
  /** The convolutions in ONNX Runtime, in each turn; null where it is not installed. */
  readonly native: readonly number[] | null;
}

export interface Table3 {
  readonly kernels: string;
  readonly native: string | null;
  /** Empty when nothing was timed. */
  readonly rows: readonly TimedRow[];
}

export interface Figure2 {
  readonly layers: readonly { readonly name: string; readonly energies: readonly number[] }[];
}

/** One layer at a time, solved linearly. */
export interface Figure3 {
  readonly original: Hits;
  readonly layers: readonly { readonly name: string; readonly points: readonly Point[] }[];
}

/** One layer at a time. */
export interface Figure4 {
  readonly original: Hits;
  readonly layers: readonly {
    readonly name: string;
    readonly points: readonly { readonly speedup: number; readonly linear: Point; readonly nonlinear: Point }[];
  }[];
}

/** Several layers at a time. */
export interface Figure5 {
  readonly original: Hits;
  readonly groups: readonly {
    readonly name: string;
    readonly points: readonly { readonly speedup: number; readonly symmetric: Point; readonly asymmetric: Point }[];
  }[];
}

/** All layers. */
export interface Figure6 {
  readonly original: Hits;
  readonly points: readonly {
    readonly speedup: number;
    readonly spatial: Point;
    readonly channel: Point;
    readonly '3d': Point;
  }[];
}

export interface PaperResults {
  readonly table1: Table1;
  readonly table2: Table2;
  readonly table3: Table3;
  readonly figure2: Figure2;
  readonly figure3: Figure3;
  readonly figure4: Figure4;
  readonly figure5: Figure5;
  readonly figure6: Figure6;
}
