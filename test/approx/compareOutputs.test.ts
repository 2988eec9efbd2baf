import { compareOutputs } from '@rankwise/approx';
import { createRandom, fromNested, slice, transpose, zeros } from '@rankwise/tensor';
import { describe, expect, it } from 'vitest';

const original = fromNested('f32', [
  [1, 0, 0],
  [0, 3, 0],
  [0, 0, 2],
  [3, 1, 2],
]);

describe('compareOutputs', () => {
  it('of equal answers is 0 with full agreement', () => {
    expect(compareOutputs(original, original)).toEqual({ relativeError: 0, agreement: 1 });
  });

  it('of the mean answer is 1', () => {
    const mean = fromNested(
      'f32',
      Array.from({ length: 4 }, () => [1, 1, 1]),
    );
    // The first of ties is class 0, right for images 0 and 3.
    expect(compareOutputs(original, mean)).toEqual({ relativeError: 1, agreement: 0.5 });
  });

  it('divides squared differences by squared deviations from each column’s mean', () => {
    const other = fromNested('f32', [
      [2, 0, 0],
      [0, 3, 0],
      [0, 0, 2],
      [3, 1, 5],
    ]);
    // Differences 1 + 9; deviations (0 + 1 + 1 + 4) + (1 + 4 + 1 + 0) + (1 + 1 + 1 + 1).
    expect(compareOutputs(original, other)).toEqual({ relativeError: 10 / 16, agreement: 0.75 });
  });

  it('of answers that never vary is 0 or infinite', () => {
    const flat = fromNested('f32', [
      [1, 2],
      [1, 2],
    ]);
    expect(compareOutputs(flat, flat)).toEqual({ relativeError: 0, agreement: 1 });
    const other = fromNested('f32', [
      [1, 2],
      [1, 3],
    ]);
    expect(compareOutputs(flat, other)).toEqual({ relativeError: Infinity, agreement: 1 });
  });

  it('compares the answer to a single image with zeros, not with itself', () => {
    const [one, other] = [fromNested('f32', [[3, 4]]), fromNested('f32', [[3, 9]])];
    expect(compareOutputs(one, other)).toEqual({ relativeError: 1, agreement: 1 });
  });

  it('reads maps as one answer and views with an offset', () => {
    const random = createRandom(1);
    const maps = random.fillNormalInPlace(zeros('f32', [6, 2, 3, 1]));
    const others = random.fillNormalInPlace(zeros('f32', [6, 2, 3, 1]));
    const plain = (from: number): ReturnType<typeof compareOutputs> =>
      compareOutputs(
        { ...maps, shape: [6 - from, 6], strides: [6, 1], offset: from * 6 },
        { ...others, shape: [6 - from, 6], strides: [6, 1], offset: from * 6 },
      );
    expect(compareOutputs(maps, others)).toEqual(plain(0));
    expect(compareOutputs(slice(maps, [[2, 6]]), slice(others, [[2, 6]]))).toEqual(plain(2));
  });

  it('refuses other shapes, no images, strided views and values that are not finite', () => {
    const square = fromNested('f32', [
      [1, 2],
      [3, 4],
    ]);
    const nan = fromNested('f32', [
      [1, 2],
      [Number.NaN, 4],
    ]);
    expect(() => compareOutputs(original, square)).toThrow(/^compareOutputs: approximated: expected \[4, 3\]/);
    expect(() => compareOutputs(zeros('f32', [0, 3]), zeros('f32', [0, 3]))).toThrow(/with images/);
    expect(() => compareOutputs(square, transpose(square))).toThrow(/^compareOutputs: approximated: .*contiguous/);
    expect(() => compareOutputs(square, nan)).toThrow(/^compareOutputs: approximated: .*NaN at \[1, 0\]/);
    expect(() => compareOutputs(nan, square)).toThrow(/^compareOutputs: original: .*NaN/);
  });
});
