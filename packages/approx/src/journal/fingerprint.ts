/**
 * What must be the same for work to go on where it was left: with anything else the bits would be others.
 *
 * The checksums cover every weight, every image and every sample. Kernels are known by their name and by what they compute: threads
 * change no bit, but a machine that multiplies and adds in one instruction does.
 */

import { contiguous, createRandom, sizeOf, zeros } from '@rankwise/tensor';
import type { Kernels, Shape, Tensor } from '@rankwise/tensor';
import type { ImageSource, Model } from '@rankwise/nn';
import { createChecksum } from './checksum.ts';
import type { Checksum } from './checksum.ts';
import type { Fingerprint } from './entry.ts';

/** Raised whenever this package begins to compute other bits from the same input, or to keep other data. */
const journalVersion = '1';

/** A layer large enough for kernels to use what they use for large ones, minimal filtering too; it takes 5 ms with the reference. */
const probe = { channels: 16, filters: 16, size: 36, kernel: 3 } as const;

/** What every kind of work depends on. */
export function commonFingerprint(model: Model, kernels: Kernels): Fingerprint {
  return {
    version: journalVersion,
    kernels: `${kernels.name} ${kernelsChecksum(kernels)}`,
    model: modelChecksum(model),
  };
}

/** JSON text that does not depend on the order in which fields were set. Functions and undefined fields are left out. */
export function canonicalText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** A name for some text, of 16 hexadecimal digits. */
export function nameOf(text: string): string {
  const checksum = createChecksum();
  checksum.update(new TextEncoder().encode(text));
  return checksum.text().slice(0, 16);
}

/** Checksum of the images of a source, read in the given ranges; `afterBatch` is awaited after each. */
export async function imagesChecksum(
  images: ImageSource,
  ranges: readonly (readonly [number, number])[],
  afterBatch: () => Promise<void>,
): Promise<string> {
  const checksum = createChecksum();
  for (const [from, to] of ranges) {
    updateWithTensor(checksum, await images.batch(from, to));
    await afterBatch();
  }
  return checksum.text();
}

/** Checksum of some tensors, in their order, with their shapes. */
export function tensorsChecksum(tensors: readonly Tensor[]): string {
  const checksum = createChecksum();
  for (const tensor of tensors) updateWithTensor(checksum, tensor);
  return checksum.text();
}

/** The graph and the weights; not the model's name, nor what only people read. */
function modelChecksum({ nodes, input, output, parameters }: Model): string {
  const checksum = createChecksum();
  checksum.update(new TextEncoder().encode(canonicalText({ nodes, input, output })));
  for (const name of Object.keys(parameters).toSorted()) {
    const parameter = parameters[name];
    checksum.update(new TextEncoder().encode(name));
    if (parameter !== undefined) updateWithTensor(checksum, parameter);
  }
  return checksum.text();
}

/** Of two products and a convolution of random numbers. */
function kernelsChecksum(kernels: Kernels): string {
  const { channels, filters, size, kernel } = probe;
  const random = createRandom(1);
  const f32 = (shape: Shape): Tensor<'f32'> => random.fillNormalInPlace(zeros('f32', shape));
  const f64 = (shape: Shape): Tensor<'f64'> => random.fillNormalInPlace(zeros('f64', shape));
  const single = zeros('f32', [size, filters]);
  kernels.matmul({ a: f32([size, channels * kernel]), b: f32([channels * kernel, filters]), out: single });
  const double = zeros('f64', [size, filters]);
  kernels.matmul({ a: f64([size, channels * kernel]), b: f64([channels * kernel, filters]), out: double });
  const map = zeros('f32', [1, filters, size, size]);
  kernels.conv2d({
    input: f32([1, channels, size, size]),
    weight: f32([filters, channels, kernel, kernel]),
    output: map,
    stride: [1, 1],
    padding: [1, 1, 1, 1],
    dilation: [1, 1],
    groups: 1,
  });
  return tensorsChecksum([single, double, map]);
}

function updateWithTensor(checksum: Checksum, tensor: Tensor): void {
  const { data, offset } = contiguous(tensor);
  const bytes = sizeOf(tensor.shape) * data.BYTES_PER_ELEMENT;
  checksum.update(new TextEncoder().encode(`${tensor.dtype} ${tensor.shape.join(' ')};`));
  checksum.update(new Uint8Array(data.buffer, data.byteOffset + offset * data.BYTES_PER_ELEMENT, bytes));
}
