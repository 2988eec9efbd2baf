/** The options by which every command that reads images takes them. */

import type { ImageSource, Model } from '@rankwise/nn';

import { imageSourceFor } from '../data/imageSet.ts';
import type { Labels } from '../data/imageSet.ts';
import { imageFormats, openImages } from '../data/openImages.ts';
import { namingFile } from '../failures.ts';
import type { OptionSpec, OptionValues } from '../options.ts';

export const dataOptions: Readonly<Record<string, OptionSpec>> = {
  data: { argument: 'IMAGES', text: 'File with images (see above).' },
  format: {
    argument: 'KIND',
    text: `What the file is, where its content does not tell: ${imageFormats.join(', ')}.`,
    otherwise: 'told from the content',
  },
};

/** The option by which commands that score take labels. */
export const labelsOption: OptionSpec = {
  argument: 'FILE',
  text: 'Labels: IDX, .npy, safetensors with labels, or text with one integer a line.',
  otherwise: 'those in the image file, or beside it as MNIST names them',
};

export interface ModelImages {
  readonly source: ImageSource;
  readonly labels: Labels | undefined;
}

/**
 * The images that --data (and --format, --labels) name, as the model's input.
 * @param wanted - only the first `count` images; the labels too, or no file of labels is read
 * @throws UsageError when --data is missing, and as openImages and imageSourceFor.
 */
export async function openModelImages(
  model: Model,
  options: OptionValues,
  wanted: { readonly count?: number | undefined; readonly withLabels: boolean },
): Promise<ModelImages> {
  const path = options.required('data');
  const format = options.choice('format', imageFormats);
  const labelsPath = options.text('labels');
  const set = await openImages(path, {
    withLabels: wanted.withLabels,
    ...(format === undefined ? {} : { format }),
    ...(labelsPath === undefined ? {} : { labels: labelsPath }),
  });
  const source = await namingFile(path, () => imageSourceFor(model, set, wanted.count));
  return { source, labels: set.labels };
}
