import { describe, expect, it } from 'vitest';
import { imageFormatOf, readCifar10 } from '@rankwise/cli';
import { FormatError, slice, toNested } from '@rankwise/tensor';
import { cifar10File } from './support.ts';

function refusal(bytes: Uint8Array): [string, number] {
  try {
    readCifar10(bytes);
  } catch (error) {
    if (error instanceof FormatError) return [error.code, error.offset];
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readCifar10', () => {
  it('finds labels and planes by their place in the record', () => {
    const file = cifar10File([3, 9]);
    // Green of the second record, row 31, column 30.
    const at = 3073 + 1 + 1024 + 31 * 32 + 30;
    file[at] = 200;
    const { images, labels } = readCifar10(file);
    expect(toNested(labels)).toEqual([3, 9]);
    expect(images.shape).toEqual([2, 3, 32, 32]);
    expect(
      toNested(
        slice(images, [
          [1, 2],
          [1, 2],
          [31, 32],
          [30, 31],
        ]),
      ),
    ).toEqual([[[[200]]]]);
  });

  it('reads every byte once, in order', () => {
    const file = cifar10File([0]);
    expect([toNested(readCifar10(file).images)].flat(5)).toEqual([...file.subarray(1)]);
  });

  it('refuses any length that is no number of records', () => {
    const file = cifar10File([1, 2]);
    for (const length of [1, 2, 3072, 3074, 6145]) {
      expect(refusal(file.subarray(0, length)), `${length} bytes`).toEqual(['truncated', length]);
    }
  });

  it('refuses labels that are no class, naming the byte', () => {
    expect(refusal(cifar10File([9, 10]))).toEqual(['bad-label', 3073]);
    expect(refusal(cifar10File([255, 1]))).toEqual(['bad-label', 0]);
  });

  it('is told from other formats by length and labels', () => {
    expect(imageFormatOf(cifar10File([9, 0]))).toBe('cifar10');
    expect(imageFormatOf(cifar10File([10, 0]))).toBeUndefined();
    expect(imageFormatOf(cifar10File([1]).subarray(1))).toBeUndefined();
  });

  it('is not mistaken for IDX when a photograph begins like its header', () => {
    const file = cifar10File([0]);
    file.set([0, 0, 8, 3]);
    expect(imageFormatOf(file)).toBe('cifar10');
  });
});
