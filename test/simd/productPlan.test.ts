/** Tiles and the layout of a product: pure functions of its extents. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planProduct } from '../../packages/simd/src/plan/productPlan.ts';
import { chooseTile, roundUp, tileShapes } from '../../packages/simd/src/plan/tileShape.ts';
import { runs } from '../kit/runs.ts';

const extent = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 5000 }));
const lanes = fc.constantFrom(2, 4);
const options = fc.record({
  walk: fc.constantFrom<'down' | 'across' | 'streamed'>('down', 'across', 'streamed'),
  threads: fc.integer({ min: 1, max: 8 }),
});

/** A vector register holds 16 bytes; x86-64 has 16 of them, of which V8 keeps one and a splat takes one. */
const registers = 14;

describe('tiles', () => {
  it.each([false, true])('fit the registers and have names of their own, relaxed %s', (relaxed) => {
    const shapes = tileShapes(relaxed);
    expect(new Set(shapes.map(({ rows, vectors }) => `${rows}x${vectors}`)).size).toBe(shapes.length);
    for (const { rows, vectors } of shapes) expect(rows * vectors + vectors).toBeLessThanOrEqual(registers);
    expect(shapes[0]?.rate).toBe(Math.max(...shapes.map(({ rate }) => rate)));
  });

  it.each([
    [false, 4],
    [false, 2],
    [true, 4],
    [true, 2],
  ] as const)('are each the best for some product, relaxed %s with %i lanes', (relaxed, width) => {
    const chosen = new Set<unknown>();
    for (let rows = 1; rows <= 12; rows++) {
      for (let columns = 1; columns <= 32; columns++) chosen.add(chooseTile(rows, columns, width, relaxed).tile);
    }
    expect(chosen).toEqual(new Set(tileShapes(relaxed)));
  });

  it('are chosen by padded work over rate', () => {
    fc.assert(
      fc.property(extent, extent, lanes, fc.boolean(), (rows, columns, width, relaxed) => {
        const { tile, cost } = chooseTile(rows, columns, width, relaxed);
        const costOf = (shape: typeof tile): number =>
          (roundUp(rows, shape.rows) * roundUp(columns, shape.vectors * width)) / shape.rate;
        expect(cost).toBe(costOf(tile));
        expect(cost).toBe(Math.min(...tileShapes(relaxed).map(costOf)));
        expect(chooseTile(rows + 1, columns, width, relaxed).cost).toBeGreaterThanOrEqual(cost);
        expect(chooseTile(rows, columns + 1, width, relaxed).cost).toBeGreaterThanOrEqual(cost);
      }),
      { numRuns: runs(300) },
    );
  });

  it('of a large product is the fastest one', () => {
    for (const relaxed of [false, true]) {
      const { tile } = chooseTile(2 ** 12, 2 ** 12, 4, relaxed);
      expect(tile.rate).toBe(Math.max(...tileShapes(relaxed).map(({ rate }) => rate)));
    }
  });
});

describe('planProduct', () => {
  it('pads to whole panels and turns, and divides the work without gap or empty item', () => {
    fc.assert(
      fc.property(
        extent,
        extent,
        fc.nat(5000),
        lanes,
        fc.boolean(),
        options,
        (rows, columns, depth, width, relaxed, how) => {
          const { tile } = chooseTile(rows, columns, width, relaxed);
          const plan = planProduct({ rows, columns, depth }, width, tile, how);
          expect(plan.tile).toBe(tile);
          expect(plan.rows).toBe(plan.leftPanels * tile.rows);
          expect(plan.columns).toBe(plan.rightPanels * tile.vectors * width);
          expect([plan.rows - rows < tile.rows, plan.columns - columns < tile.vectors * width]).toEqual([true, true]);
          expect([plan.depth % tile.unroll, plan.chunk % tile.unroll]).toEqual([0, 0]);
          expect(plan.depth - depth).toBeLessThan(tile.unroll);
          expect(Math.min(plan.rows - rows, plan.columns - columns, plan.depth - depth)).toBeGreaterThanOrEqual(0);
          expect(plan.chunk).toBeGreaterThan(0);
          const left = Math.ceil(plan.leftPanels / plan.leftGroup);
          expect(plan.items).toBe(left * Math.ceil(plan.rightPanels / plan.rightGroup));
          expect(plan.leftGroup >= 1 && plan.leftGroup <= plan.leftPanels).toBe(true);
          expect(plan.rightGroup >= 1 && plan.rightGroup <= plan.rightPanels).toBe(true);
        },
      ),
      { numRuns: runs(500) },
    );
  });

  it('keeps a chunk of a right panel within half a first-level cache, a left group within half a second-level cache', () => {
    fc.assert(
      fc.property(
        extent,
        extent,
        fc.nat(5000),
        lanes,
        fc.boolean(),
        options,
        (rows, columns, depth, width, relaxed, how) => {
          const { tile } = chooseTile(rows, columns, width, relaxed);
          const plan = planProduct({ rows, columns, depth }, width, tile, how);
          expect(plan.chunk * tile.vectors * 16).toBeLessThanOrEqual(2 ** 14);
          expect(plan.leftGroup * tile.rows * (16 / width) * plan.chunk).toBeLessThanOrEqual(2 ** 19);
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it('walks across in strips of all columns with one thread, and in items enough for each of several', () => {
    const [tile] = tileShapes(false);
    if (tile === undefined) throw new Error('expected a tile');
    const one = planProduct({ rows: 600, columns: 1200, depth: 64 }, 2, tile, { walk: 'across' });
    expect(one).toMatchObject({ leftGroup: 4, rightGroup: one.rightPanels });
    const few = planProduct({ rows: 12, columns: 1200, depth: 64 }, 2, tile, { walk: 'across', threads: 4 });
    expect(few.items).toBeGreaterThanOrEqual(16);
    const many = planProduct({ rows: 600, columns: 1200, depth: 64 }, 2, tile, { walk: 'across', threads: 4 });
    expect(many.rightGroup).toBe(many.rightPanels);
    const wide = planProduct({ rows: 600, columns: 10 ** 6, depth: 1000 }, 2, tile, { walk: 'across' });
    expect(wide.rightGroup * wide.chunk * tile.vectors * 16).toBeLessThanOrEqual(2 ** 21);
  });

  it('has no items without rows or columns, and one without depth', () => {
    const [tile] = tileShapes(false);
    if (tile === undefined) throw new Error('expected a tile');
    expect(planProduct({ rows: 0, columns: 5, depth: 5 }, 4, tile).items).toBe(0);
    expect(planProduct({ rows: 5, columns: 0, depth: 5 }, 4, tile).items).toBe(0);
    expect(planProduct({ rows: 5, columns: 5, depth: 0 }, 4, tile)).toMatchObject({ items: 1, depth: 0 });
  });
});
