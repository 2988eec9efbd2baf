/**
 * What the paper claims with each table and figure, and by which rule it is decided whether that holds here.
 *
 * These rules were written, and committed, before the experiment was run, and are not changed afterwards. What a claim compares is a pure
 * function of the measurements. Accuracies are top-1 on test photographs, compared photograph by photograph.
 */

import {
  accuracyBelow,
  energyShortfall,
  exactly,
  gainBelowLast,
  layerError,
  noLongerThanAlexNet,
  pairsOfFigure4,
  pairsOfFigure5,
  perLayer,
  rankDifferences,
  shapeDifferences,
  shortfalls,
  sparsenessBelowLast,
  timesAlike,
  timesFaster,
} from './comparisons.ts';
import { judge } from './rules.ts';
import type { Comparison, Judgement, Rule } from './rules.ts';
import { linearFit, rankCorrelation } from './statistics.ts';
import type { PaperResults } from './results.ts';

export interface Claim<Data> {
  readonly id: string;
  /** In words, as the paper has it. */
  readonly says: string;
  /** What each comparison compares. */
  readonly compared: string;
  readonly rule: Rule;
  readonly compare: (data: Data) => readonly Comparison[];
}

export type Claims = { readonly [Part in keyof PaperResults]: readonly Claim<PaperResults[Part]>[] };

/** A claim about sampled quantities holds almost everywhere, and somewhere beyond doubt. */
const mostly: Rule = { atLeast: 0.9, clearly: 1 };
/** A claim about each of few cases. */
const always: Rule = { atLeast: 1, clearly: 0 };
const alwaysAndClearly: Rule = { atLeast: 1, clearly: 1 };

export const claims: Claims = {
  table1: [
    {
      id: 'table1-shapes',
      says: 'The seven layers have the printed filters, output sizes and shares of the multiply-adds.',
      compared: 'difference of each printed number from the model’s, shares rounded as printed',
      rule: always,
      compare: shapeDifferences,
    },
    {
      id: 'table1-sparsest',
      says: 'After the ReLU the last convolution has the most zeros (0.95 against 0.49–0.69).',
      compared: 'share of zeros of every other layer against the last one, on the trained network',
      rule: always,
      compare: sparsenessBelowLast,
    },
  ],
  table2: [
    {
      id: 'table2-formula',
      says: 'Without rank selection at 3×, 4× and 5× every layer has d′ = ⌊d k²c / ((k²c + d) r)⌋.',
      compared: 'printed rank against the formula',
      rule: always,
      compare: ({ rows }) => rankDifferences(rows.filter(({ speedup }) => speedup >= 3)),
    },
    {
      id: 'table2-formula-mild',
      says: 'The same holds for the rows printed as 2× and 2.4×.',
      compared: 'printed rank against the formula',
      rule: always,
      compare: ({ rows }) => rankDifferences(rows.filter(({ speedup }) => speedup < 3)),
    },
    {
      id: 'table2-budget',
      says: 'The ranks by selection keep the printed speed-up over conv2–7.',
      compared: 'printed speed-up against the ratio of multiply-adds',
      rule: always,
      compare: ({ rows }) => shortfalls(rows, (row) => row.ratioWithoutFirst),
    },
    {
      id: 'table2-budget-all',
      says: 'They keep it over all seven convolutions.',
      compared: 'printed speed-up against the ratio of multiply-adds, conv1 at rank 32 counted',
      rule: always,
      compare: ({ rows }) => shortfalls(rows, (row) => row.ratio),
    },
    {
      id: 'table2-selection',
      says: 'Rank selection by energy loses less accuracy than equal speed-ups at every ratio.',
      compared: 'accuracy of equal speed-ups against that of selected ranks, on the trained network',
      rule: alwaysAndClearly,
      compare: ({ chain }) =>
        chain.map(({ speedup, uniform, energy }) => accuracyBelow(`${speedup}×`, uniform.hits, energy.hits)),
    },
  ],
  table3: [
    {
      id: 'table3-faster',
      says: 'Models 4× cheaper in theory run 3.3 to 3.5 times faster on a processor.',
      compared: 'nine tenths of the printed ratio of times against the measured one, whole network',
      rule: always,
      compare: timesFaster,
    },
    {
      id: 'table3-alike',
      says: 'The three decompositions take about the same time (278, 271 and 267 ms).',
      compared: 'distance of each time from the middle one against a tenth of it',
      rule: always,
      compare: timesAlike,
    },
    {
      id: 'table3-alexnet',
      says: 'The accelerated model is as fast as AlexNet (267 against 273 ms).',
      compared: 'time of the 3d version against 1.1 times that of AlexNet',
      rule: always,
      compare: (data) => [noLongerThanAlexNet(data)].filter((one) => one !== null),
    },
  ],
  figure2: [
    {
      id: 'figure2-second',
      says: 'In the second convolution half of the components hold more than 99.9% of the energy.',
      compared: '0.999 against the energy of half of the components',
      rule: always,
      compare: ({ layers }) => layers.slice(1, 2).map((layer) => energyShortfall(layer, 0.999)),
    },
    {
      id: 'figure2-last',
      says: 'In the last convolution half of the components hold more than 95% of the energy.',
      compared: '0.95 against the energy of half of the components',
      rule: always,
      compare: ({ layers }) => layers.slice(-1).map((layer) => energyShortfall(layer, 0.95)),
    },
  ],
  figure3: [
    {
      id: 'figure3-monotone',
      says: 'One layer at a time, accuracy rises with the energy kept.',
      compared:
        '0.9 against the rank correlation in each layer whose accuracy varies by more than four standard errors',
      rule: { atLeast: 0.9, clearly: 0 },
      compare: (data) => perLayer(data, rankCorrelation),
    },
    {
      id: 'figure3-linear',
      says: 'Accuracy is nearly linear in the energy kept.',
      compared:
        '0.9 against R² of a straight line in each layer whose accuracy varies by more than four standard errors',
      rule: { atLeast: 0.9, clearly: 0 },
      compare: (data) => perLayer(data, linearFit),
    },
  ],
  figure4: [
    {
      id: 'figure4-error',
      says: 'The nonlinear solution has the smaller error after the ReLU.',
      compared: 'held-out error of the nonlinear solution against that of the linear one',
      rule: mostly,
      compare: (data) =>
        pairsOfFigure4(data, (label, linear, nonlinear) => exactly(label, layerError(nonlinear) - layerError(linear))),
    },
    {
      id: 'figure4-accuracy',
      says: 'The nonlinear solution loses less accuracy.',
      compared: 'accuracy of the linear solution against that of the nonlinear one',
      rule: mostly,
      compare: (data) =>
        pairsOfFigure4(data, (label, linear, nonlinear) => accuracyBelow(label, linear.hits, nonlinear.hits)),
    },
    {
      id: 'figure4-last',
      says: 'The gain is largest in the last convolution, whose responses are the sparsest.',
      compared:
        'share of the error that the nonlinear solution takes away, mean over speed-ups, in every other layer against the last',
      rule: always,
      compare: gainBelowLast,
    },
  ],
  figure5: [
    {
      id: 'figure5-accuracy',
      says: 'Asymmetric reconstruction of several layers loses less accuracy than symmetric.',
      compared: 'accuracy of symmetric against asymmetric reconstruction',
      rule: mostly,
      compare: (data) =>
        pairsOfFigure5(data, (label, symmetric, asymmetric) => accuracyBelow(label, symmetric.hits, asymmetric.hits)),
    },
    {
      id: 'figure5-output',
      says: 'It changes the network’s output less.',
      compared: 'output error on held-out photographs of asymmetric against symmetric reconstruction',
      rule: mostly,
      compare: (data) =>
        pairsOfFigure5(data, (label, symmetric, asymmetric) =>
          exactly(label, (asymmetric.outputError ?? Number.NaN) - (symmetric.outputError ?? Number.NaN)),
        ),
    },
  ],
  figure6: [
    {
      id: 'figure6-channel',
      says: 'Asymmetric approximation of the whole model loses less accuracy than Jaderberg’s spatial one.',
      compared: 'accuracy of the spatial against the asymmetric approximation',
      rule: alwaysAndClearly,
      compare: ({ points }) =>
        points.map(({ speedup, spatial, channel }) => accuracyBelow(`${speedup}×`, spatial.hits, channel.hits)),
    },
    {
      id: 'figure6-3d',
      says: 'Asymmetric (3d), both together, loses less than asymmetric alone.',
      compared: 'accuracy of the asymmetric against the asymmetric (3d) approximation',
      rule: alwaysAndClearly,
      compare: (data) =>
        data.points.map((point) => accuracyBelow(`${point.speedup}×`, point.channel.hits, point['3d'].hits)),
    },
    {
      id: 'figure6-3d-spatial',
      says: 'Asymmetric (3d) loses less than Jaderberg’s spatial approximation.',
      compared: 'accuracy of the spatial against the asymmetric (3d) approximation',
      rule: alwaysAndClearly,
      compare: ({ points }) =>
        points.map((point) => accuracyBelow(`${point.speedup}×`, point.spatial.hits, point['3d'].hits)),
    },
  ],
};

/** A claim with the outcome of its rule. */
export interface JudgedClaim extends Omit<Claim<never>, 'compare'> {
  readonly judgement: Judgement;
  readonly comparisons: readonly Comparison[];
}

/** Applies every rule of one table or figure to its data. */
export function judgeAll<Data>(of: readonly Claim<Data>[], data: Data): JudgedClaim[] {
  return of.map(({ compare, ...claim }) => {
    const comparisons = compare(data);
    return { ...claim, comparisons, judgement: judge(comparisons, claim.rule) };
  });
}
