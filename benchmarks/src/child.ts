/**
 * The process that measures one combination of Node version and number of threads. main.ts starts it with its settings as JSON and
 * reads its messages.
 */

import { startEngines, takesPart } from './engines/allEngines.ts';
import { measureSet } from './measure.ts';
import type { ChildMessage, ChildSettings, Measurement } from './results.ts';
import { workloadSets } from './workloads/allWorkloads.ts';

// Written by main.ts of the same version.
const settings = JSON.parse(process.argv[2] ?? '{}') as ChildSettings;
const { threads, rounds } = settings;
process.on('disconnect', () => process.exit(1));

const sets = workloadSets(threads, settings);
const { engines, missing } = await startEngines(
  threads,
  sets.flat().map(({ group }) => group),
);
for (const { name, reason } of missing) report(`${name}: not measured: ${reason}`);

const measurements: Measurement[] = [];
for (const set of sets) {
  const taking = engines.filter(({ name }) => set.every(({ group }) => takesPart(name, group)));
  const isLinalg = set.some(({ group }) => group === 'linalg');
  const longestCall = isLinalg ? settings.longestDecomposition : settings.longestCall;
  measurements.push(...(await measureSet(set, taking, { rounds, threads, longestCall, onProgress: report })));
}
for (const engine of engines) await engine.dispose();

const result = {
  node: process.versions.node,
  threads,
  engines: engines.map(({ name, version, threads: used, details }) => ({ name, version, threads: used, details })),
  missing,
  workloads: sets.flat().map(({ name, group, description, macs }) => ({ name, group, description, macs })),
  measurements,
};
// Peers leave threads and timers behind that would keep the process alive.
send({ type: 'result', result }, () => process.exit(0));

function report(line: string): void {
  send({ type: 'progress', line });
}

function send(message: ChildMessage, onSent: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, onSent);
}
