/** The command line. */

import { parseArgs } from 'node:util';

import { groups } from './workloads/workload.ts';
import type { Group } from './workloads/workload.ts';

export interface Options {
  readonly quick: boolean;
  readonly only?: Group;
  readonly match?: string;
  /** Major version; all that are found when absent. */
  readonly node?: number;
  /** 1 and 2 when absent. */
  readonly threads?: number;
  readonly rounds: number;
  /** The name of the committed results that this run replaces: everything, or a group, at full length. Undefined for other runs. */
  readonly kept?: 'results' | Group;
}

export const usage = `npm --prefix benchmarks run bench -- [options]
  --quick           3 rounds; engines that take more than a second a call (linalg: five) are left out
  --only GROUP      ${groups.join(', ')}
  --match TEXT      only workloads whose name holds the text, with the rest of their set
  --node MAJOR      20 or 24; default: each that is found
  --threads N       1 or 2; default: both
  --rounds N        default 15`;

/** Enough that quartiles mean something. */
const defaultRounds = 15;
const quickRounds = 3;

/**
 * @throws Error with the reason when an option or its value is unknown.
 */
export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: { quick: { type: 'boolean' }, only: text, match: text, node: text, threads: text, rounds: text },
  });
  const only = groups.find((group) => group === values.only);
  if (values.only !== undefined && only === undefined) {
    throw new Error(`--only: expected one of ${groups.join(', ')}, got '${values.only}'`);
  }
  const node = positiveInteger('--node', values.node);
  const threads = positiveInteger('--threads', values.threads);
  const rounds = positiveInteger('--rounds', values.rounds);
  const quick = values.quick ?? false;
  const { match } = values;
  const isWhole = !quick && [match, node, threads].every((filter) => filter === undefined);
  return {
    quick,
    ...(only === undefined ? {} : { only }),
    ...(match === undefined ? {} : { match }),
    ...(node === undefined ? {} : { node }),
    ...(threads === undefined ? {} : { threads }),
    rounds: rounds ?? (quick ? quickRounds : defaultRounds),
    ...(isWhole ? { kept: only ?? 'results' } : {}),
  };
}

function positiveInteger(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new Error(`${option}: expected a positive integer, got '${text}'`);
  return value;
}
