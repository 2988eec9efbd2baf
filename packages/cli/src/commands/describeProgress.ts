/** What is being done, in words for the line of progress. */

import type { ProgressEvent } from '@rankwise/approx';

export function describeProgress({ phase, layer = '', done, total }: ProgressEvent): string {
  switch (phase) {
    case 'calibrate':
      return `sampling responses, image ${done} of ${total}`;
    case 'sensitivity':
      return `trying each layer alone, image ${done} of ${total}`;
    case 'search':
      return `trying ranks out, plan ${done} of ${total}`;
    case 'advance':
      return `running the layers before ${layer}`;
    case 'solve':
      return `solving ${layer}, step ${done} of ${total}`;
    case 'descend':
      return `descending in ${layer}, step ${done} of ${total}`;
    case 'measure':
      return layer === '' ? 'measuring' : `timing ${layer}`;
  }
}
