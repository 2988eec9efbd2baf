import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkFinite, contiguous, DomainError, fromNested, transpose, zeros } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';
import { arbitraryShape, arbitraryViewOf, dtypes, indicesOf } from '../kit/tensors.ts';

it('names the first value that is not finite and where it stands', () => {
  const bad = fromNested('f32', [
    [1, 2, 3],
    [4, 5, Infinity],
    [Number.NaN, 8, 9],
  ]);
  expect(() => checkFinite('solve', 'matrix', bad)).toThrow(
    'solve: matrix: expected finite values, got Infinity at [1, 2]',
  );
  expect(() => checkFinite('solve', 'matrix', transpose(bad))).toThrow(
    'solve: matrix: expected finite values, got NaN at [0, 2]',
  );
  expect(() => checkFinite('solve', 'x', fromNested('f64', -Infinity))).toThrow(DomainError);
});

it('accepts everything finite, of any dtype, shape and strides', () => {
  for (const dtype of dtypes) checkFinite('test', 'tensor', zeros(dtype, [0, 2]));
  checkFinite('test', 'tensor', fromNested('f32', [-0, 2 ** -149, (2 - 2 ** -23) * 2 ** 127]));
});

it('finds a value planted anywhere', () => {
  const cases = arbitraryShape()
    .chain((shape) => fc.tuple(arbitraryViewOf('f64', shape), fc.nat()))
    .filter(([tensor]) => indicesOf(tensor.shape).length > 0);
  fc.assert(
    fc.property(cases, fc.constantFrom(Number.NaN, Infinity, -Infinity), ([view, place], value) => {
      const indices = indicesOf(view.shape);
      const number = place % indices.length;
      const tensor = transpose(contiguous({ ...view, data: view.data.slice() }));
      const inOrder = transpose(tensor);
      inOrder.data[inOrder.offset + number] = value;
      checkFinite('test', 'tensor', view);
      expect(() => checkFinite('test', 'tensor', inOrder)).toThrow(`got ${value} at [${indices[number]?.join(', ')}]`);
      expect(() => checkFinite('test', 'tensor', tensor)).toThrow(
        `got ${value} at [${indices[number]?.toReversed().join(', ')}]`,
      );
    }),
    { numRuns: runs() },
  );
});
