/** Plans of ranks for some methods and speed-ups: what they need is measured once, with a line of progress. */

import {
  calibrate,
  convolutionLayers,
  countedLayers,
  filterSpectrum,
  layersToCalibrate,
  measureLatencies,
  measuredRequest,
  searchRanks,
  selectRanks,
} from '@rankwise/approx';
import type { Calibration, ProgressEvent, RankMethod, RankPlan, RankRequest, RankSearch } from '@rankwise/approx';
import type { ImageSource, Model } from '@rankwise/nn';
import type { Kernels } from '@rankwise/tensor';

import { interruptible } from '../interruptible.ts';
import type { OpenKernelsOptions } from '../openKernels.ts';
import type { Call } from '../options.ts';
import { createProgressBar } from '../progressBar.ts';
import { kernelsRecord, withKernels } from '../withKernels.ts';
import type { KernelsRecord } from '../withKernels.ts';
import { openModelImages } from './dataOptions.ts';
import { describeProgress } from './describeProgress.ts';
import type { RankSettings } from './rankOptions.ts';
import { withZooWeights } from './zooWeights.ts';

export type PlanMethod = RankMethod | 'best';

/** What plans are asked for. */
export interface PlansAsked {
  readonly methods: readonly PlanMethod[];
  /** None for `manual`. */
  readonly speedups: readonly number[];
  /** With the ranks of the model's authors. */
  readonly settings: RankSettings;
  readonly sampling: { readonly images: number; readonly positions: number; readonly seed: number };
  readonly kernels: OpenKernelsOptions;
}

export interface FoundPlan {
  readonly method: PlanMethod;
  /** None for `manual`. */
  readonly requested: number | undefined;
  readonly plan: RankPlan;
  /** Of `best`. */
  readonly search?: RankSearch;
}

export interface PlansFound {
  /** For each speed-up, in the order of the methods. */
  readonly plans: readonly FoundPlan[];
  /** With all that was measured. */
  readonly request: RankRequest;
  /** What measured; undefined where nothing was. */
  readonly kernels?: KernelsRecord;
}

interface Tools {
  readonly kernels: Kernels;
  readonly signal: AbortSignal;
  readonly onProgress: (event: ProgressEvent) => void;
}

/** True when the network has to run on images. */
export function needsImages({ methods, settings }: Pick<PlansAsked, 'methods' | 'settings'>): boolean {
  const { caps, decomposition } = settings;
  return (
    caps === 'auto' ||
    methods.some((method) => listens(method) || (countsEnergy(method) && decomposition !== 'spatial'))
  );
}

/**
 * Finds the plans.
 * @param sketch - the model that `argument` names, opened with `initialize: false`
 * @throws UsageError when images are needed and not named; what measuring, searching and selecting throw.
 */
export async function findPlans(
  argument: string,
  sketch: Model,
  asked: PlansAsked,
  { options, terminal }: Pick<Call, 'options' | 'terminal'>,
): Promise<PlansFound> {
  const { methods, settings, sampling } = asked;
  const onImages = needsImages(asked);
  if (!onImages && settings.budget !== 'milliseconds' && !methods.some(countsEnergy)) {
    return lookedUp(sketch, asked, requestOf(asked));
  }
  const source = onImages ? (await openModelImages(sketch, options, { withLabels: false })).source : undefined;
  return withKernels(asked.kernels, terminal, async (opened) => {
    const model = await withZooWeights(argument, sketch, sampling.seed, terminal);
    const found = await interruptible(terminal, async (signal): Promise<PlansFound> => {
      // A line of its own for each step, as none knows how long the next will take.
      const step = async <T>(work: (tools: Tools) => Promise<T>): Promise<T> => {
        const bar = createProgressBar(terminal.stderr, terminal.now);
        const onProgress = (event: ProgressEvent): void => bar.update(event.fraction, describeProgress(event));
        return work({ kernels: opened.kernels, signal, onProgress }).finally(bar.clear);
      };
      if (source !== undefined) return plansOnImages(model, source, asked, step);
      return lookedUp(model, asked, await step((tools) => measuredWithoutImages(model, asked, tools)));
    });
    return { ...found, kernels: kernelsRecord(opened) };
  });
}

type Step = <T>(work: (tools: Tools) => Promise<T>) => Promise<T>;

async function plansOnImages(model: Model, source: ImageSource, asked: PlansAsked, step: Step): Promise<PlansFound> {
  const { methods, speedups, settings, sampling } = asked;
  const options = { ...settings, ranks: methods.some(listens) ? 'sensitivity' : 'energy' } as const;
  const layers = layersToCalibrate(model, options);
  const calibration = await step((tools) => calibrate(model, source, { ...sampling, ...tools, layers, heldOut: 0 }));
  const request = await step((tools) => measuredRequest(calibration, { ...options, ...tools }));
  const plans: FoundPlan[] = [];
  for (const speedup of speedups) {
    for (const method of methods) {
      plans.push(
        method === 'best'
          ? await searched(calibration, request, speedup, step)
          : planBy(model, method, request, speedup),
      );
    }
  }
  return { plans, request };
}

async function searched(
  calibration: Calibration,
  request: RankRequest,
  speedup: number,
  step: Step,
): Promise<FoundPlan> {
  const { losses = {} } = request;
  const search = await step((tools) => searchRanks(calibration, { ...request, speedup }, { ...tools, losses }));
  return { method: 'best', requested: speedup, plan: search.plan, search };
}

/** The layers' milliseconds, and the energies of their filters, which are those of `spatial`. */
async function measuredWithoutImages(model: Model, asked: PlansAsked, tools: Tools): Promise<RankRequest> {
  const request = requestOf(asked);
  const { budget, decomposition } = asked.settings;
  const layers = countedLayers(convolutionLayers(model), request);
  const names = layers.map(({ name }) => name);
  const latencies =
    budget === 'milliseconds' ? await measureLatencies(model, { ...tools, decomposition, layers: names }) : {};
  const energies = layers.flatMap(({ name, node }) => {
    const weight = model.parameters[node.weight];
    return decomposition !== 'spatial' || weight === undefined
      ? []
      : [[name, filterSpectrum(weight, tools.kernels)] as const];
  });
  return { ...request, latencies, energies: Object.fromEntries(energies) };
}

function lookedUp(model: Model, { methods, speedups }: PlansAsked, request: RankRequest): PlansFound {
  const wanted = speedups.length === 0 ? [undefined] : speedups;
  const plans = wanted.flatMap((speedup) => methods.map((method) => planBy(model, method, request, speedup)));
  return { plans, request };
}

function planBy(model: Model, method: PlanMethod, request: RankRequest, speedup: number | undefined): FoundPlan {
  const asked = { ...request, method: methodOf(method), ...(speedup === undefined ? {} : { speedup }) };
  return { method, requested: speedup, plan: selectRanks(convolutionLayers(model), asked) };
}

/** What is asked for without what has to be measured. */
export function requestOf({
  methods: [method = 'manual'],
  settings,
}: Pick<PlansAsked, 'methods' | 'settings'>): RankRequest {
  const { caps, ...rest } = settings;
  return { ...rest, method: methodOf(method), ...(caps === undefined || caps === 'auto' ? {} : { caps }) };
}

/** `best` searches from uniform ranks among others. */
function methodOf(method: PlanMethod): RankMethod {
  return method === 'best' ? 'uniform' : method;
}

function listens(method: PlanMethod): boolean {
  return method === 'sensitivity' || method === 'best';
}

function countsEnergy(method: PlanMethod): boolean {
  return method === 'energy' || method === 'exact';
}
