import { convolutionLayers, drawPositions, samplePositions } from '@rankwise/approx';
import type { ConvolutionLayer } from '@rankwise/approx';
import { sequential } from '@rankwise/nn';
import { DomainError } from '@rankwise/tensor';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runs } from '../kit/runs.ts';

interface Pool {
  readonly kernel: [number, number];
  readonly stride: [number, number];
  readonly padding: [number, number, number, number];
}

function layerBefore(
  size: readonly [number, number],
  pool: Pool,
  activation: 'gelu' | 'none' | 'relu' = 'relu',
): ConvolutionLayer {
  const conv = sequential('net', [1, ...size]).conv('conv1', { filters: 2, kernel: 1 });
  const behind = activation === 'relu' ? conv.relu() : activation === 'gelu' ? conv.gelu('gelu1') : conv;
  const [layer] = convolutionLayers(behind.maxPool('pool1', pool).build());
  if (layer === undefined) throw new Error('no layer');
  return layer;
}

const pools = fc.record({
  kernel: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  stride: fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
  padding: fc.constantFrom<[number, number, number, number]>([0, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 0]),
});
const fitting = pools.filter(
  ({ kernel, padding }) => kernel[0] > Math.max(padding[0], padding[2]) && kernel[1] > Math.max(padding[1], padding[3]),
);

describe('drawPositions', () => {
  it('draws whole windows, as the pool cuts them, distinct within an image', () => {
    fc.assert(
      fc.property(
        fitting,
        fc.tuple(fc.integer({ min: 3, max: 7 }), fc.integer({ min: 3, max: 7 })),
        fc.integer({ min: 1, max: 30 }),
        fc.nat(),
        (pool, size, wanted, seed) => {
          const layer = layerBefore(size, pool);
          const { indices, perImage, window = 1 } = drawPositions(layer, { seed, images: 3, wanted, pooled: true });
          const g = pool.kernel[0] * pool.kernel[1];
          // Every window of the pool that needs no padding, from the pool's own definition.
          const whole = new Set<string>();
          for (let y = 0; y < size[0]; y++) {
            for (let x = 0; x < size[1]; x++) {
              const [top, left] = [y * pool.stride[0] - pool.padding[0], x * pool.stride[1] - pool.padding[1]];
              const cells = [...Array(pool.kernel[0]).keys()].flatMap((i) =>
                [...Array(pool.kernel[1]).keys()].map((j) => [top + i, left + j] as const),
              );
              if (cells.every(([i, j]) => i >= 0 && j >= 0 && i < size[0] && j < size[1]))
                whole.add(cells.map(([i, j]) => i * size[1] + j).join());
            }
          }
          if (g === 1 || whole.size === 0) {
            expect(indices).toEqual(
              samplePositions({ seed, layer: 'conv1', images: 3, available: layer.positions, wanted }).indices,
            );
            return;
          }
          expect(window).toBe(g);
          expect(perImage).toBe(g * Math.min(whole.size, Math.max(1, Math.round(wanted / g))));
          for (let image = 0; image < 3; image++) {
            const here = Array.from({ length: perImage / g }, (_, i) =>
              indices.slice(image * perImage + i * g, image * perImage + (i + 1) * g).join(),
            );
            expect(new Set(here).size).toBe(here.length);
            for (const one of here) expect(whole).toContain(one);
          }
        },
      ),
      { numRuns: runs() },
    );
  });

  it('draws single positions unless asked for windows, and where the nonlinearity does not allow them', () => {
    const pool: Pool = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] };
    const draw = { seed: 4, images: 2, wanted: 5 };
    const single = samplePositions({ ...draw, layer: 'conv1', available: 36 });
    expect(drawPositions(layerBefore([6, 6], pool), draw)).toEqual(single);
    expect(drawPositions(layerBefore([6, 6], pool, 'gelu'), { ...draw, pooled: true })).toEqual(single);
    expect(drawPositions(layerBefore([6, 6], pool, 'none'), { ...draw, pooled: true }).window).toBe(4);
  });

  it('does not look through other readers', () => {
    const conv = sequential('net', [1, 4, 4]).conv('conv1', { filters: 2, kernel: 1 }).relu('relu1');
    const [layer] = convolutionLayers(
      conv.conv('conv2', { filters: 1, kernel: 1 }).maxPool('pool1', { kernel: 2 }).build(),
    );
    expect(layer?.pooling).toBeUndefined();
  });

  it('refuses no positions', () => {
    const layer = layerBefore([4, 4], { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] });
    expect(() => drawPositions(layer, { seed: 0, images: 1, wanted: 0, pooled: true })).toThrow(DomainError);
  });
});
