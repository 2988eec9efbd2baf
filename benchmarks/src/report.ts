/** The result as Markdown: the targets first, then a table for each combination and group. */

import { gigaflops, roundRatios } from './results.ts';
import type { CombinationResult, Measurement, SuiteResult, WorkloadInfo } from './results.ts';
import { summarise } from './statistics.ts';
import type { Summary } from './statistics.ts';
import { outcomes } from './targets.ts';
import { groups } from './workloads/workload.ts';
import type { Group } from './workloads/workload.ts';

const titles: Readonly<Record<Group, string>> = {
  stack: 'The convolution stack of the 7-convolution model',
  layers: 'Single layers',
  shapes: 'Shapes of an approximation of one layer, a quarter of its multiply-adds each',
  matmul: 'Square matrix products',
  small: 'Small and narrow work',
  linalg: 'Linear algebra in f64',
};

export function markdownReport(result: SuiteResult): string {
  const { date, machine, rounds, combinations, failures } = result;
  const lines = [
    '# Benchmark results',
    '',
    'Written by `npm run bench`; see README.md beside the command for what is timed and how.',
    '',
    `${date}, ${machine}; up to ${rounds} rounds.`,
    '',
    'Times are milliseconds a call: the median of the rounds, then the first and third quartile. GFLOP/s counts two operations',
    'for each multiply-add of the definition. "× ours" is how many times longer an engine takes than ours (`simd`, or',
    '`reference` where there is no `simd`): the median of the quotients round by round, with quartiles. "Error" is the largest error of',
    'an element over its limit (src/check.ts), or the largest residual of a decomposition over 30 n ε (src/checkDecomposition.ts); 1 would',
    'be wrong.',
    '',
    ...failures.flatMap((failure) => [`Failed: ${failure}`, '']),
    ...targetTable(combinations),
    ...combinations.flatMap(combinationReport),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function targetTable(combinations: readonly CombinationResult[]): string[] {
  const rows = combinations.flatMap(outcomes).map(({ name, node, threads, least, value }) => {
    const verdict = value.median >= least ? 'reached' : 'missed';
    return [name, node, `${threads}`, `${Number(least.toPrecision(3))}`, digits(value.median), spread(value), verdict];
  });
  if (rows.length === 0) return [];
  return ['## Targets', '', ...table(['target', 'Node', 'threads', 'at least', 'median', 'quartiles', ''], rows), ''];
}

function combinationReport(result: CombinationResult): string[] {
  const { node, threads, engines, missing } = result;
  const engineRows = [
    ...engines.map(({ name, version, threads: used, details }) => [name, version, `${used}`, details]),
    ...missing.map(({ name, reason }) => [name, '', '', `not measured: ${reason}`]),
  ];
  return [
    `## Node ${node}, ${threads === 1 ? 'one thread' : `${threads} threads`}`,
    '',
    ...table(['engine', 'version', 'threads', ''], engineRows),
    '',
    ...groups.flatMap((group) => groupReport(result, group)),
  ];
}

function groupReport(result: CombinationResult, group: Group): string[] {
  const workloads = result.workloads.filter((workload) => workload.group === group);
  if (workloads.length === 0) return [];
  const head = ['workload', '', 'engine', 'median', 'quartiles', 'GFLOP/s', '× ours', 'quartiles', 'error'];
  const rows = workloads.flatMap((workload) => workloadRows(result, workload));
  return [`### ${titles[group]}`, '', ...table(head, rows), '', ...unmeasured(result, workloads)];
}

function workloadRows({ measurements }: CombinationResult, workload: WorkloadInfo): string[][] {
  const own = measurements.filter((one) => one.workload === workload.name);
  const timed = own.filter((one): one is Measurement & { time: Summary } => one.time !== undefined);
  const ours = timed.find(({ engine }) => engine === 'simd') ?? timed.find(({ engine }) => engine === 'reference');
  return timed.map((one, index) => {
    const ratios = ours === undefined ? [] : roundRatios(one, ours);
    const ratio = ratios.length === 0 ? undefined : summarise(ratios);
    const first = index === 0;
    return [
      first ? workload.name : '',
      first ? workload.description : '',
      one.engine,
      digits(one.time.median),
      spread(one.time),
      workload.macs === 0 ? '' : digits(gigaflops(workload.macs, one.time.median)),
      ratio === undefined ? '' : digits(ratio.median),
      ratio === undefined ? '' : spread(ratio),
      one.check === undefined ? '' : one.check.ratio.toPrecision(2),
    ];
  });
}

/** One line for each engine and reason, with the workloads it concerns. */
function unmeasured({ measurements }: CombinationResult, workloads: readonly WorkloadInfo[]): string[] {
  const names = new Set(workloads.map(({ name }) => name));
  const reasons = new Map<string, string[]>();
  for (const { workload, engine, notMeasured } of measurements) {
    if (notMeasured === undefined || !names.has(workload)) continue;
    const key = `${engine}: ${notMeasured}`;
    reasons.set(key, [...(reasons.get(key) ?? []), workload]);
  }
  if (reasons.size === 0) return [];
  const lines = [...reasons].map(([reason, concerned]) => {
    const all = concerned.length === workloads.length;
    return `- ${reason}${all ? '' : ` (${concerned.join(', ')})`}`;
  });
  return ['Not measured:', '', ...lines, ''];
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [tableLine(head), tableLine(head.map(() => '---')), ...rows.map(tableLine)];
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function spread({ quartiles: [low, high] }: Summary): string {
  return `${digits(low)} … ${digits(high)}`;
}

/** Three significant digits, without an exponent. */
function digits(value: number): string {
  if (value >= 100) return String(Math.round(value));
  return value.toPrecision(3);
}
