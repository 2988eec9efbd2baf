/** Top-k accuracy, with ties. */

import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topK } from '@rankwise/nn';
import { DomainError, ShapeError, fromNested, reshape, tensorOf, transpose, zeros } from '@rankwise/tensor';
import { runs } from '../kit/runs.ts';

describe('topK', () => {
  const logits = fromNested('f32', [
    [3, 1, 2],
    [0, 5, 4],
    [1, 2, 0],
    [7, 7, 7],
  ]);

  it('counts by hand', () => {
    // Places of the true classes: 0, 1, 2, and for the tie the index itself.
    expect(topK(logits, fromNested('i32', [0, 2, 2, 1]), [1, 2, 3])).toEqual([0.25, 0.75, 1]);
    expect(topK(logits, fromNested('u8', [0, 2, 2, 0]), [1])).toEqual([0.5]);
    expect(topK(logits, fromNested('i32', [0, 0, 0, 0]), [])).toEqual([]);
  });

  it('reads views and maps of one pixel', () => {
    const labels = fromNested('i32', [0, 2, 2, 1]);
    expect(topK(transpose(transpose(logits)), labels, [1, 2])).toEqual([0.25, 0.75]);
    expect(topK(reshape(logits, [4, 3, 1, 1]), labels, [1, 2])).toEqual([0.25, 0.75]);
  });

  it('agrees with a stable sort', () => {
    const scores = fc.array(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 5, maxLength: 5 }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(scores, fc.nat(4), (rows, label) => {
        const labels = tensorOf(new Int32Array(rows.length).fill(label), [rows.length]);
        const expected = [1, 2, 3, 4, 5].map((k) => {
          const hits = rows.filter((row) => {
            const order = row.map((_, index) => index).toSorted((a, b) => (row[b] ?? 0) - (row[a] ?? 0));
            return order.slice(0, k).includes(label);
          });
          return hits.length / rows.length;
        });
        expect(topK(fromNested('f32', rows), labels, [1, 2, 3, 4, 5])).toEqual(expected);
      }),
      { numRuns: runs() },
    );
  });

  it('refuses NaN, labels that are no class, and ks outside', () => {
    const labels = fromNested('i32', [0, 2, 2, 1]);
    expect(() => topK(fromNested('f32', [[0, NaN]]), fromNested('i32', [0]), [1])).toThrow('got NaN at [0, 1]');
    expect(() => topK(logits, fromNested('i32', [0, 2, 3, 1]), [1])).toThrow('from 0 to 2, got 3 for image 2');
    expect(() => topK(logits, fromNested('i32', [0, -1, 2, 1]), [1])).toThrow(DomainError);
    for (const k of [0, 4, 1.5]) expect(() => topK(logits, labels, [k])).toThrow('integers from 1 to 3');
    expect(() => topK(logits, fromNested('i32', [0]), [1])).toThrow('topK: labels: expected [4], got [1]');
    expect(() => topK(zeros('f32', [0, 3]), zeros('i32', [0]), [1])).toThrow(ShapeError);
    expect(() => topK(zeros('f32', [4, 3, 2, 1]), labels, [1])).toThrow(ShapeError);
  });
});
