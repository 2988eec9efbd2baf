/** The option `--decomposition`, as the commands that choose ranks share it. */

import type { Decomposition } from '@rankwise/approx';

export const decompositions: readonly Decomposition[] = ['channel', 'spatial', '3d'];

export const decompositionHelp =
  'channel (k×k, then 1×1), spatial (k×1, then 1×k; each layer by itself, no solver), or 3d (k×1, 1×k, 1×1), solved as channel. ' +
  'With spatial, ranks by hand are numbers of k×1 filters.';
