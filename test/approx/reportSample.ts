/** Reports with made-up numbers, shaped like real ones, for the tests of the page. */

import fc from 'fast-check';
import type {
  AccuracyPoint,
  ApproximationReport,
  ComparisonRow,
  IterationTrace,
  LayerReport,
  ReportExtras,
} from '@rankwise/approx';

/** Text made of what markup, terminals and encodings trip over. */
export const hostileText = fc
  .array(
    fc.constantFrom(
      ...'<>&"\'/=!-`{}[];# \t\n\u0000\u001b\u007f\u0085\u202e\ufffe\ud800',
      '\udc00',
      ']]>',
      '<!--',
      '&#x3c;',
      'a',
      '層',
      '🙂',
    ),
    { maxLength: 24 },
  )
  .map((parts) => parts.join(''));

/** Seven layers, each with 50 iterations of the paper's schedule. */
export function sampleReport(): ApproximationReport {
  const layers = [48, 96, 128, 192, 192, 192, 192].map((filters, i) => sampleLayer(`conv${i + 1}`, filters, i));
  const countedLayers = layers.filter(({ counted }) => counted);
  const macsBefore = countedLayers.reduce((sum, layer) => sum + layer.macsBefore, 0);
  const macsAfter = countedLayers.reduce((sum, layer) => sum + layer.macsAfter, 0);
  return {
    format: 'rankwise-report',
    version: 1,
    model: 'fashion-7conv',
    settings: {
      decomposition: 'channel',
      solver: 'nonlinear',
      reconstruction: 'asymmetric',
      spatialReconstruction: null,
      ranks: 'energy',
      requestedSpeedup: 4,
      availableImages: 60_000,
      images: 3000,
      heldOutImages: 1000,
      pooled: false,
      positions: 10,
      seed: 1,
    },
    digests: { original: 'a1'.repeat(32), approximated: 'b2'.repeat(32), images: 'c3'.repeat(32), heldOut: null },
    rankSelection: {
      cost: { budget: 'macs', before: macsBefore, after: macsAfter },
      objective: { loss: 0.25, bound: 0.24 },
      judges: 0,
      candidates: [],
    },
    samples: 30_000,
    counted: countedLayers.map(({ name }) => name),
    theoretical: {
      macsBefore,
      macsAfter,
      speedup: macsBefore / macsAfter,
      speedupWithoutProjection: 4.58,
      wholeModelSpeedup: 3.41,
    },
    measured: {
      kernels: 'simd',
      threads: 1,
      features: ['simd128', 'winograd'],
      images: 64,
      originalMilliseconds: 21.43,
      approximatedMilliseconds: 7.912,
      speedup: 21.43 / 7.912,
    },
    outputError: 0.0613,
    outputAgreement: 0.968,
    layers,
    warnings: [
      'conv1: left alone: a rank of 24 would cost more than the layer itself',
      'conv7: the responses have 61 directions, fewer than the rank of 64 that was asked for',
    ],
    seconds: 148.2,
  };
}

/** A layer whose numbers follow from its width and its place; conv1 is left alone. */
export function sampleLayer(name: string, filters: number, place: number): LayerReport {
  const decomposed = place !== 0;
  const channels = place === 0 ? 1 : filters;
  const side = Math.max(4, Math.round(28 / (1 + place / 2)));
  const rank = decomposed ? Math.round(filters * (0.24 + 0.02 * (place % 4))) : filters;
  const spectrum = Array.from(
    { length: filters },
    (_, i) => (40 / (1 + i)) * Math.exp(-i / (filters * (0.06 + 0.03 * (place % 7)))),
  );
  const total = spectrum.reduce((sum, value) => sum + value, 0);
  const kept = spectrum.slice(0, rank).reduce((sum, value) => sum + value, 0) / total;
  const linear = 0.031 * (1 + (place % 7) * 0.55);
  const trace = decomposed ? sampleTrace(linear, 0.86 - 0.05 * (place % 7), 25) : [];
  const final = trace.at(-1)?.nonlinear ?? 0;
  const macsBefore = filters * channels * 9 * side * side;
  return {
    name,
    filters,
    channels,
    kernel: [3, 3],
    outputShape: [1, filters, side, side],
    decomposition: 'channel',
    rank,
    effectiveRank: name === 'conv7' ? rank - 3 : rank,
    spatialRank: null,
    decomposed,
    counted: decomposed,
    macsBefore,
    macsAfter: decomposed ? rank * (channels * 9 + filters) * side * side : macsBefore,
    energyKept: kept,
    spectrum,
    window: 1,
    nonlinearity: 'relu',
    error: decomposed ? { fit: final, heldOut: final * 1.07 } : null,
    linearError: decomposed ? { fit: linear, heldOut: linear * 1.04 } : null,
    spatialError: null,
    iterations: trace.length,
    trace,
    descent: null,
    seconds: decomposed ? 2 + place * 4.3 : 0.4,
  };
}

/** `half` iterations at λ = 0.01, as many at λ = 1, from `start` down to `start · gain`. */
export function sampleTrace(start: number, gain: number, half: number): IterationTrace[] {
  return Array.from({ length: 2 * half }, (_, iteration) => {
    const lambda = iteration < half ? 0.01 : 1;
    const middle = start * (1 + gain) * 0.5;
    const nonlinear =
      iteration < half
        ? middle + (start - middle) * Math.exp(-iteration / 6)
        : start * gain + (middle - start * gain) * Math.exp(-(iteration - half) / 5);
    const relaxed = (nonlinear * lambda) / (1 + lambda);
    return { iteration, lambda, nonlinear, relaxedAfterAuxiliary: relaxed, relaxedAfterFit: relaxed * 0.98 };
  });
}

/** Everything a report can be given. */
export function sampleExtras(): Required<ReportExtras> {
  const gains: [series: string, loss: number][] = [
    ['nonlinear, asymmetric', 0.0017],
    ['nonlinear, symmetric', 0.0024],
    ['linear', 0.0041],
    ['spatial', 0.0062],
  ];
  const accuracy = gains.flatMap(([series, loss]) =>
    [1.5, 2, 3, 4, 5].map((speedup): AccuracyPoint => ({ series, speedup, top1: 0.9214 - loss * speedup ** 1.6 })),
  );
  const comparison = gains.map(([label, loss], i): ComparisonRow => ({
    label,
    solver: i < 2 ? 'nonlinear' : i === 2 ? 'linear' : 'spatial',
    reconstruction: i === 0 ? 'asymmetric' : 'symmetric',
    ranks: 'energy',
    speedup: 4,
    top1: 0.9214 - loss * 9,
    top3: 0.985 - loss * 4,
    outputError: i === 3 ? null : 0.0613 * (1 + i / 2),
    agreement: 0.968 - 0.012 * i,
    seconds: [148.2, 141, 9.62, 31.4][i] ?? 0,
    written: i === 0,
  }));
  return {
    title: 'Fashion classifier at 4×',
    accuracy,
    comparison,
    baseline: { label: 'original', top1: 0.9214 },
    notes: ['Accuracy is measured on the 10,000 test images; none of them was used for calibration.'],
  };
}
