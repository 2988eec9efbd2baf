/**
 * Which register tile a product takes, as a pure function of its extents and of what the machine has.
 *
 * A tile of B rows and V vectors does B V lanes multiply-adds for V + B loads. The rates are GFLOP/s of the bare loop at depth 256 on
 * a 2.5 GHz Skylake: without relaxed multiply-add every shape is bound by its separate multiplications and additions, and unrolling
 * costs spills on V8 11; with it 3×3 unrolled by 4 is the fastest.
 */

export interface TileShape {
  /** B: rows of the left operand, one splat each. */
  readonly rows: number;
  /** V: vectors of the right operand. */
  readonly vectors: number;
  /** Steps of k in a turn of the loop. */
  readonly unroll: number;
}

export interface RatedTile extends TileShape {
  /** Relative speed of the bare loop. */
  readonly rate: number;
}

/** Tiles by machine; the first is the fastest. */
const tiles: Readonly<Record<'fused' | 'separate', readonly RatedTile[]>> = {
  fused: [
    { rows: 3, vectors: 3, unroll: 4, rate: 44 },
    { rows: 6, vectors: 2, unroll: 4, rate: 42 },
    { rows: 5, vectors: 2, unroll: 4, rate: 41 },
    { rows: 4, vectors: 2, unroll: 4, rate: 39 },
    { rows: 2, vectors: 4, unroll: 4, rate: 39 },
    { rows: 6, vectors: 1, unroll: 4, rate: 28 },
  ],
  separate: [
    { rows: 3, vectors: 3, unroll: 1, rate: 24 },
    { rows: 6, vectors: 2, unroll: 1, rate: 23.6 },
    { rows: 5, vectors: 2, unroll: 1, rate: 23.7 },
    { rows: 4, vectors: 2, unroll: 1, rate: 23.6 },
    { rows: 2, vectors: 4, unroll: 1, rate: 24 },
    { rows: 6, vectors: 1, unroll: 1, rate: 22 },
  ],
};

/** The tiles that a module holds. */
export function tileShapes(relaxed: boolean): readonly RatedTile[] {
  return tiles[relaxed ? 'fused' : 'separate'];
}

export interface TileChoice {
  readonly tile: RatedTile;
  /** Padded work over the tile's rate: comparable between choices for the same depth. */
  readonly cost: number;
}

/**
 * The cheapest tile for a product with `rows` on the splat side and `columns` on the vector side.
 * @param lanes - elements of a vector: 4 for f32, 2 for f64
 */
export function chooseTile(rows: number, columns: number, lanes: number, relaxed: boolean): TileChoice {
  const choices = tileShapes(relaxed).map((tile) => ({
    tile,
    cost: (roundUp(rows, tile.rows) * roundUp(columns, tile.vectors * lanes)) / tile.rate,
  }));
  return choices.reduce((best, choice) => (choice.cost < best.cost ? choice : best));
}

/** The smallest multiple of `step` that is not below `value`. */
export function roundUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}
