/** The numbers of a run as they are stored in JSON and shown in tables. */

import type { Check } from './check.ts';
import type { MissingEngine } from './engines/engine.ts';
import type { Summary } from './statistics.ts';
import type { WorkloadFilter } from './workloads/allWorkloads.ts';
import type { Group } from './workloads/workload.ts';

/** One engine on one workload: either a time or the reason why there is none. */
export interface Measurement {
  readonly workload: string;
  readonly engine: string;
  readonly check?: Check;
  /** Milliseconds a call. */
  readonly time?: Summary;
  /** One number a round, in milliseconds a call; rounds are counted from 0, and all engines of a set share them. */
  readonly rounds?: readonly number[];
  readonly notMeasured?: string;
}

export interface EngineInfo {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  readonly details: string;
}

export interface WorkloadInfo {
  readonly name: string;
  readonly group: Group;
  readonly description: string;
  readonly macs: number;
}

/** One Node version with one number of threads. */
export interface CombinationResult {
  readonly node: string;
  readonly threads: number;
  readonly engines: readonly EngineInfo[];
  readonly missing: readonly MissingEngine[];
  readonly workloads: readonly WorkloadInfo[];
  readonly measurements: readonly Measurement[];
}

export interface SuiteResult {
  readonly date: string;
  readonly machine: string;
  readonly rounds: number;
  readonly combinations: readonly CombinationResult[];
  /** Combinations that ended without a result, with the reason. */
  readonly failures: readonly string[];
}

/** What main.ts tells a child. */
export interface ChildSettings extends WorkloadFilter {
  readonly threads: number;
  readonly rounds: number;
  /** Milliseconds; see MeasureOptions. */
  readonly longestCall: number;
  /** The same for linear algebra. */
  readonly longestDecomposition: number;
}

/** What the child that measures one combination sends to its parent. */
export type ChildMessage =
  | { readonly type: 'progress'; readonly line: string }
  | { readonly type: 'result'; readonly result: CombinationResult };

/** 10^9 operations of the definition a second, two for each multiply-add. */
export function gigaflops(macs: number, milliseconds: number): number {
  return (2 * macs) / (milliseconds * 1e6);
}

/**
 * How many times longer `other` takes than `ours`, round by round: what slows a round down slows both, so their
 * quotient is steadier than either time. NaN-free: both were measured, in at least one common round.
 */
export function roundRatios(other: Measurement, ours: Measurement): number[] {
  const base = ours.rounds ?? [];
  return (other.rounds ?? []).flatMap((time, round) => {
    const reference = base[round];
    return reference === undefined ? [] : [time / reference];
  });
}
