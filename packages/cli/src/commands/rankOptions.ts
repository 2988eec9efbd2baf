/** The options by which `ranks` and `approximate` are told what ranks may be, and what a speed-up is counted in. */

import type { ApproximateOptions, Budget, Decomposition } from '@rankwise/approx';

import { UsageError } from '../failures.ts';
import type { OptionSpec, OptionValues } from '../options.ts';
import { parseRanks } from '../rankArgument.ts';

const budgets: readonly Budget[] = ['macs', 'parameters', 'milliseconds'];
const decompositions: readonly Decomposition[] = ['channel', 'spatial', '3d'];
/** Those that mean something only where ranks are chosen for a speed-up. */
const ofSpeedups = ['budget', 'multiple-of', 'caps'] as const;

export const rankOptions: Readonly<Record<string, OptionSpec>> = {
  budget: {
    argument: 'UNIT',
    text:
      'What the speed-up is counted in: macs (multiply-adds), parameters, or milliseconds, measured here for each layer with the ' +
      'kernels asked for.',
    fallback: 'macs',
  },
  'multiple-of': { argument: 'N', text: 'Choose ranks that are multiples of N.', fallback: '1' },
  caps: {
    argument: 'CAPS',
    text:
      'Largest ranks by layer (conv2=40,conv3=80), or auto: those beyond which the energy on the images is flat. With auto a layer ' +
      'that reads the images takes part as well, at its cap, not counted. Ranks by hand are taken as they are.',
    otherwise: 'none',
  },
  decomposition: {
    argument: 'NAME',
    text:
      'channel (k×k, then 1×1), spatial (k×1, then 1×k; each layer by itself, no solver), or 3d (k×1, 1×k, 1×1), solved as channel. ' +
      'With spatial, ranks by hand are numbers of k×1 filters.',
    fallback: 'channel',
  },
  exclude: { argument: 'NAMES', text: 'Layers to leave as they are, separated by commas.', otherwise: 'none' },
};

/** What the options say, as the library takes it. */
export type RankSettings = Required<
  Pick<ApproximateOptions, 'budget' | 'decomposition' | 'exclude' | 'fixed' | 'multipleOf'>
> &
  Pick<ApproximateOptions, 'caps'>;

/**
 * @param fixed - ranks by hand
 * @param choosing - whether ranks are chosen for a speed-up
 * @throws UsageError when an option is malformed, or there is nothing that it could be about.
 */
export function readRankOptions(
  options: OptionValues,
  fixed: Readonly<Record<string, number>>,
  choosing: boolean,
): RankSettings {
  const idle = choosing ? undefined : ofSpeedups.find((name) => options.given(name));
  if (idle !== undefined) throw new UsageError(`--${idle}: expected --speedup R with it, got none`);
  const decomposition = options.choice('decomposition', decompositions) ?? 'channel';
  const caps = readCaps(options);
  if (caps === 'auto' && decomposition === 'spatial') {
    throw new UsageError('--caps: expected NAME=RANK,… with --decomposition spatial, got auto');
  }
  return {
    budget: options.choice('budget', budgets) ?? 'macs',
    decomposition,
    exclude: options.words('exclude'),
    fixed,
    multipleOf: options.integer('multiple-of', { least: 1 }) ?? 1,
    ...(caps === undefined ? {} : { caps }),
  };
}

function readCaps(options: OptionValues): ApproximateOptions['caps'] {
  const written = options.text('caps');
  if (written === undefined) return undefined;
  const { method, fixed } = parseRanks('--caps', written, ['auto']);
  if (method === undefined) return fixed;
  if (Object.keys(fixed).length > 0) throw new UsageError(`--caps: expected auto or NAME=RANK,…, got both`);
  return method;
}
