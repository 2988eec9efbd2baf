/**
 * How a product is laid out and walked, as a pure function of its extents.
 *
 * | symbol       | meaning                                                                        |
 * |--------------|--------------------------------------------------------------------------------|
 * | chunk        | k at a time: a right panel's chunk fills at most half a 32 KiB first-level cache |
 * | leftGroup    | left panels whose chunk takes at most 3/8 of a 1 MiB second-level cache          |
 * | rightGroup   | right panels of an item: enough to use each left chunk often                     |
 */

import { roundUp } from './tileShape.ts';
import type { RatedTile } from './tileShape.ts';

/** Bytes of a right panel's chunk. */
const rightChunkBytes = 12 * 1024;
/** Bytes of a group of left panels' chunks. */
const leftGroupBytes = 384 * 1024;
/** Right panels of an item, at most. */
const rightPanelsOfItem = 16;
/** Items that each of several threads should have at least: at the end it waits for one item, a quarter of its own work at most. */
const itemsOfThread = 4;

export interface ProductPlan {
  readonly tile: RatedTile;
  /** Padded extents: whole panels, whole turns of the loop. */
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly chunk: number;
  readonly leftPanels: number;
  readonly rightPanels: number;
  readonly leftGroup: number;
  readonly rightGroup: number;
  /** Number of items. */
  readonly items: number;
}

export interface ItemOptions {
  readonly threads?: number;
  /** The right operand lies beyond the caches: its panels are walked one by one, so that memory is read from end to end. */
  readonly streamed?: boolean;
}

export interface ProductExtents {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
}

/**
 * The plan of a product. How it is cut into items, which alone depends on the options, has no influence on the bits of its result.
 * @param lanes - elements of a vector: 4 for f32, 2 for f64
 */
export function planProduct(
  extents: ProductExtents,
  lanes: number,
  tile: RatedTile,
  { threads = 1, streamed = false }: ItemOptions = {},
): ProductPlan {
  const width = tile.vectors * lanes;
  const bytes = 16 / lanes;
  const rows = roundUp(extents.rows, tile.rows);
  const columns = roundUp(extents.columns, width);
  const depth = roundUp(extents.depth, tile.unroll);
  const chunk = Math.max(tile.unroll, Math.min(depth, roundUp(rightChunkBytes / (tile.vectors * 16), tile.unroll)));
  const leftPanels = rows / tile.rows;
  const rightPanels = columns / width;
  const leftGroup = Math.max(1, Math.min(leftPanels, Math.floor(leftGroupBytes / (tile.rows * bytes * chunk))));
  const fairGroup = threads === 1 ? rightPanels : Math.ceil(rightPanels / (threads * itemsOfThread));
  const rightGroup = streamed ? 1 : Math.max(1, Math.min(fairGroup, rightPanelsOfItem));
  const items = Math.ceil(leftPanels / leftGroup) * Math.ceil(rightPanels / rightGroup);
  return { tile, rows, columns, depth, chunk, leftPanels, rightPanels, leftGroup, rightGroup, items };
}
