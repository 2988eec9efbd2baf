/** What every routine of the package takes as its last argument. */

import type { Kernels } from '@rankwise/tensor';

export interface LinalgOptions {
  /** Does the matrix products, which are most of the work. Default: `referenceKernels`. */
  readonly kernels?: Kernels;
}
