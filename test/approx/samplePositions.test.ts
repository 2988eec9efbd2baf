import { samplePositions } from '@rankwise/approx';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seeds } from '../kit/matrices/arbitraries.ts';
import { runs } from '../kit/runs.ts';
import { chiSquare, chiSquareBound } from '../kit/statistics.ts';

const draws = fc.record({
  seed: seeds,
  layer: fc.string(),
  images: fc.integer({ min: 0, max: 20 }),
  available: fc.integer({ min: 1, max: 40 }),
  wanted: fc.integer({ min: 1, max: 50 }),
});

describe('samplePositions', () => {
  it('are distinct, ascending and inside the map for every image', () => {
    fc.assert(
      fc.property(draws, (draw) => {
        const { perImage, indices } = samplePositions(draw);
        expect(perImage).toBe(Math.min(draw.wanted, draw.available));
        expect(indices).toHaveLength(draw.images * perImage);
        for (let image = 0; image < draw.images; image++) {
          const here = [...indices.subarray(image * perImage, (image + 1) * perImage)];
          expect(here.every((p, i) => p > (here[i - 1] ?? -1))).toBe(true);
          expect(here.at(-1)).toBeLessThan(draw.available);
        }
      }),
      { numRuns: runs() },
    );
  });

  it('of one image do not depend on how many images follow', () => {
    fc.assert(
      fc.property(draws, fc.integer({ min: 0, max: 9 }), (draw, more) => {
        const longer = samplePositions({ ...draw, images: draw.images + more }).indices;
        const shorter = samplePositions(draw).indices;
        expect(longer.slice(0, shorter.length)).toEqual(shorter);
      }),
      { numRuns: runs() },
    );
  });

  it('depend on the seed, the layer and the image', () => {
    const draw = { seed: 1, layer: 'conv2', images: 4, available: 400, wanted: 20 };
    const { indices } = samplePositions(draw);
    expect(samplePositions(draw).indices).toEqual(indices);
    expect(samplePositions({ ...draw, seed: 2 }).indices).not.toEqual(indices);
    expect(samplePositions({ ...draw, layer: 'conv3' }).indices).not.toEqual(indices);
    expect(indices.slice(0, 20)).not.toEqual(indices.slice(20, 40));
  });

  it.each([1, 3, 11])('cover the map evenly: %i of 12, by chi-square', (wanted) => {
    const images = 6000;
    const { indices } = samplePositions({ seed: 7, layer: 'conv2', images, available: 12, wanted });
    const counts = new Int32Array(12);
    for (const index of indices) counts[index]!++;
    // Without replacement a cell's count varies less than in independent draws, by 1 − wanted / 12.
    expect(chiSquare(counts, () => (images * wanted) / 12)).toBeLessThan(chiSquareBound(11) * (1 - (wanted - 1) / 12));
  });

  it('draw pairs evenly too', () => {
    const images = 6000;
    const { indices } = samplePositions({ seed: 7, layer: 'conv2', images, available: 5, wanted: 2 });
    const counts = new Map<string, number>();
    for (let i = 0; i < images; i++) {
      const pair = `${indices[2 * i]},${indices[2 * i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
    expect(counts.size).toBe(10);
    expect(chiSquare([...counts.values()], () => images / 10)).toBeLessThan(chiSquareBound(9));
  });

  it.each([0, -1, 1.5, Number.NaN])('refuse %s positions', (wanted) => {
    const call = (): unknown => samplePositions({ seed: 1, layer: 'a', images: 1, available: 4, wanted });
    expect(call).toThrow(/^samplePositions: wanted: expected a positive integer/);
  });
});
