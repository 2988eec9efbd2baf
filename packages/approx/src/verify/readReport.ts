/**
 * What a report claims, read from JSON that anybody may have written.
 *
 * Only the fields that can be checked are read, each for its type; a field that is missing or of another type is refused by its path.
 * JSON has no infinity: an infinite error stands as null.
 *
 * | code             | way to be wrong                                                 |
 * |------------------|-----------------------------------------------------------------|
 * | `report-field`   | a field is missing or of another type                           |
 * | `report-version` | a format or version that is not known                           |
 */

import { FormatError } from '@rankwise/tensor';
import { createDecoder } from '@rankwise/nn';
import type { Decoder, ObjectFields } from '@rankwise/nn';
import type { Decomposition } from '../decomposition/decomposition.ts';
import type { ApproximationReport, LayerReport } from '../pipeline/report.ts';
import { planOrigins } from '../pipeline/searchRanks.ts';
import type { RankCandidate } from '../pipeline/searchRanks.ts';
import { ownRecord } from '../ranks/ownRecord.ts';
import { budgets } from '../ranks/rankCosts.ts';

const decompositions: readonly Decomposition[] = ['channel', 'spatial', '3d'];

/** An error as JSON holds it; null is infinite, or absent. */
export interface ClaimedErrors {
  readonly fit: number | null;
  readonly heldOut: number | null;
}

type LayerFigures = Pick<
  LayerReport,
  | 'name'
  | 'filters'
  | 'channels'
  | 'kernel'
  | 'outputShape'
  | 'decomposition'
  | 'rank'
  | 'effectiveRank'
  | 'spatialRank'
  | 'decomposed'
  | 'counted'
  | 'window'
  | 'macsBefore'
  | 'macsAfter'
  | 'energyKept'
  | 'spectrum'
  | 'iterations'
>;

export interface LayerClaims extends LayerFigures {
  readonly nonlinearity: string;
  readonly error: ClaimedErrors | null;
  readonly linearError: ClaimedErrors | null;
  readonly spatialError: ClaimedErrors | null;
  /** Whether a descent moved what the solver or the split had found. */
  readonly descended: boolean;
  /** Entries of the trace. */
  readonly traceLength: number;
}

type Figures = Pick<
  ApproximationReport,
  | 'model'
  | 'settings'
  | 'digests'
  | 'rankSelection'
  | 'samples'
  | 'seconds'
  | 'counted'
  | 'theoretical'
  | 'outputError'
  | 'outputAgreement'
>;

export interface ReportClaims extends Figures {
  readonly layers: readonly LayerClaims[];
  readonly measured: {
    readonly originalMilliseconds: number;
    readonly approximatedMilliseconds: number;
    readonly speedup: number;
  } | null;
}

/**
 * Reads a report.
 * @param value - an ApproximationReport, or what JSON.parse makes of one
 * @throws FormatError with a code from the table above.
 * @example
 * import { readReport } from '@rankwise/approx';
 * readReport({ format: 'rankwise-report', version: 2 }) // => throws FormatError: readReport: report.version: expected 1, got 2
 */
export function readReport(value: unknown): ReportClaims {
  const decode = createDecoder((path, expected, got) => refused('report-field', path, expected, got));
  const fields = decode.object(value, 'report');
  const format = fields.get('format');
  if (format !== 'rankwise-report') throw refused('report-version', 'report.format', 'rankwise-report', String(format));
  const version = fields.get('version');
  if (version !== 1) throw refused('report-version', 'report.version', '1', String(version));
  return {
    model: decode.string(fields.get('model'), 'model'),
    settings: readSettings(decode, fields.get('settings')),
    digests: readDigests(decode, fields.get('digests')),
    rankSelection: readRankSelection(decode, fields.get('rankSelection')),
    samples: decode.number(fields.get('samples'), 'samples'),
    seconds: decode.number(fields.get('seconds'), 'seconds'),
    counted: decode.strings(fields.get('counted'), 'counted'),
    theoretical: readTheory(decode, fields.get('theoretical')),
    measured: orNull(fields.get('measured'), (given) => readTimes(decode, given)),
    outputError: numberOrNull(decode, fields, 'outputError', ''),
    outputAgreement: numberOrNull(decode, fields, 'outputAgreement', ''),
    layers: decode.list(fields.get('layers'), 'layers', (layer, path) => readLayer(decode, layer, path)),
  };
}

function readSettings(decode: Decoder, value: unknown): ReportClaims['settings'] {
  const fields = decode.object(value, 'settings');
  const number = (name: string): number => decode.number(fields.get(name), `settings.${name}`);
  return {
    decomposition: oneOf(fields.get('decomposition'), 'settings.decomposition', decompositions),
    solver: oneOf(fields.get('solver'), 'settings.solver', ['linear', 'nonlinear']),
    reconstruction: oneOf(fields.get('reconstruction'), 'settings.reconstruction', ['asymmetric', 'symmetric']),
    spatialReconstruction: orNull(fields.get('spatialReconstruction'), (given) =>
      oneOf(given, 'settings.spatialReconstruction', ['data', 'filter', 'metric']),
    ),
    ranks: decode.string(fields.get('ranks'), 'settings.ranks'),
    requestedSpeedup: numberOrNull(decode, fields, 'requestedSpeedup', 'settings.'),
    availableImages: number('availableImages'),
    images: number('images'),
    heldOutImages: number('heldOutImages'),
    positions: number('positions'),
    pooled: decode.boolean(fields.get('pooled'), 'settings.pooled'),
    seed: number('seed'),
  };
}

function readDigests(decode: Decoder, value: unknown): ReportClaims['digests'] {
  const fields = decode.object(value, 'digests');
  const text = (name: string): string => decode.string(fields.get(name), `digests.${name}`);
  return {
    original: text('original'),
    approximated: text('approximated'),
    images: text('images'),
    heldOut: orNull(fields.get('heldOut'), () => text('heldOut')),
  };
}

function readRankSelection(decode: Decoder, value: unknown): ReportClaims['rankSelection'] {
  const path = 'rankSelection';
  const fields = decode.object(value, path);
  const cost = decode.object(fields.get('cost'), `${path}.cost`);
  return {
    cost: {
      budget: oneOf(cost.get('budget'), `${path}.cost.budget`, budgets),
      before: decode.number(cost.get('before'), `${path}.cost.before`),
      after: decode.number(cost.get('after'), `${path}.cost.after`),
    },
    objective: orNull(fields.get('objective'), (given) => {
      const objective = decode.object(given, `${path}.objective`);
      const number = (name: string): number => decode.number(objective.get(name), `${path}.objective.${name}`);
      return { loss: number('loss'), bound: number('bound') };
    }),
    judges: decode.number(fields.get('judges'), `${path}.judges`),
    candidates: decode.list(fields.get('candidates'), `${path}.candidates`, (candidate, at) =>
      readCandidate(decode, candidate, at),
    ),
  };
}

function readCandidate(decode: Decoder, value: unknown, path: string): RankCandidate {
  const fields = decode.object(value, path);
  const ranks = decode.object(fields.get('ranks'), `${path}.ranks`);
  return {
    origin: oneOf(fields.get('origin'), `${path}.origin`, planOrigins),
    ranks: ownRecord(
      Array.from(ranks, ([name, rank]) => [name, decode.number(rank, `${path}.ranks.${name}`)] as const),
    ),
    score: numberOrNull(decode, fields, 'score', `${path}.`) ?? Infinity,
  };
}

function readTheory(decode: Decoder, value: unknown): ReportClaims['theoretical'] {
  const fields = decode.object(value, 'theoretical');
  const number = (name: string): number => decode.number(fields.get(name), `theoretical.${name}`);
  return {
    macsBefore: number('macsBefore'),
    macsAfter: number('macsAfter'),
    speedup: number('speedup'),
    speedupWithoutProjection: number('speedupWithoutProjection'),
    wholeModelSpeedup: number('wholeModelSpeedup'),
  };
}

function readTimes(decode: Decoder, value: unknown): NonNullable<ReportClaims['measured']> {
  const fields = decode.object(value, 'measured');
  const number = (name: string): number => decode.number(fields.get(name), `measured.${name}`);
  return {
    originalMilliseconds: number('originalMilliseconds'),
    approximatedMilliseconds: number('approximatedMilliseconds'),
    speedup: number('speedup'),
  };
}

function readLayer(decode: Decoder, value: unknown, path: string): LayerClaims {
  const fields = decode.object(value, path);
  const number = (name: string): number => decode.number(fields.get(name), `${path}.${name}`);
  const flag = (name: string): boolean => decode.boolean(fields.get(name), `${path}.${name}`);
  const errors = (name: string): ClaimedErrors | null =>
    orNull(fields.get(name), (given) => {
      const found = decode.object(given, `${path}.${name}`);
      return {
        fit: numberOrNull(decode, found, 'fit', `${path}.${name}.`),
        heldOut: numberOrNull(decode, found, 'heldOut', `${path}.${name}.`),
      };
    });
  return {
    name: decode.string(fields.get('name'), `${path}.name`),
    filters: number('filters'),
    channels: number('channels'),
    kernel: decode.pair(fields.get('kernel'), `${path}.kernel`),
    outputShape: decode.numbers(fields.get('outputShape'), `${path}.outputShape`),
    decomposition: oneOf(fields.get('decomposition'), `${path}.decomposition`, decompositions),
    rank: number('rank'),
    effectiveRank: number('effectiveRank'),
    spatialRank: orNull(fields.get('spatialRank'), () => number('spatialRank')),
    decomposed: flag('decomposed'),
    counted: flag('counted'),
    window: number('window'),
    macsBefore: number('macsBefore'),
    macsAfter: number('macsAfter'),
    energyKept: number('energyKept'),
    spectrum: decode.numbers(fields.get('spectrum'), `${path}.spectrum`),
    nonlinearity: decode.string(fields.get('nonlinearity'), `${path}.nonlinearity`),
    error: errors('error'),
    linearError: errors('linearError'),
    spatialError: errors('spatialError'),
    descended: orNull(fields.get('descent'), (given) => decode.object(given, `${path}.descent`)) !== null,
    iterations: number('iterations'),
    traceLength: decode.list(fields.get('trace'), `${path}.trace`, () => 0).length,
  };
}

function numberOrNull(decode: Decoder, fields: ObjectFields, name: string, path: string): number | null {
  const value = fields.get(name);
  // A report that was never JSON may hold the infinity itself.
  return value === null || value === Infinity ? null : decode.number(value, `${path}${name}`);
}

function orNull<T>(value: unknown, read: (value: unknown) => T): T | null {
  return value === null ? null : read(value);
}

function oneOf<T extends string>(value: unknown, path: string, words: readonly T[]): T {
  const found = words.find((word) => word === value);
  if (found === undefined) throw refused('report-field', path, words.join(' or '), String(value));
  return found;
}

function refused(code: string, path: string, expected: string, got: string): FormatError {
  return new FormatError(code, 0, `readReport: ${path}: expected ${expected}, got ${got}`);
}
