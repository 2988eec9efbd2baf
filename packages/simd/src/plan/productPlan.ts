/**
 * How a product is laid out and walked, as a pure function of its extents.
 *
 * | symbol       | meaning                                                                        |
 * |--------------|--------------------------------------------------------------------------------|
 * | chunk        | k at a time: a right panel's chunk fills at most half a 32 KiB first-level cache |
 * | leftGroup    | left panels of an item                                                         |
 * | rightGroup   | right panels of an item                                                        |
 *
 * Within an item, each right panel is met by all left panels of the group in turn. Items go down the left groups first.
 */

import { roundUp } from './tileShape.ts';
import type { RatedTile } from './tileShape.ts';

/** Bytes of a right panel's chunk. */
const rightChunkBytes = 12 * 1024;
/** Bytes of a group of left panels' chunks, walked down: 3/8 of a 1 MiB second-level cache. */
const leftGroupBytes = 384 * 1024;
/** Right panels of an item, walked down, at most: enough to use each left chunk often. */
const rightPanelsOfItem = 16;
/**
 * Left panels of an item, walked across: some twelve rows of the output, so that its cache lines and pages are gone through along
 * memory. Walked down, a product of depth 16 to 128 takes 1.2 to 2.4 times as long, a square one 1.1 times (n = 512 … 1024).
 */
const leftPanelsOfStrip = 4;
/** Bytes of the right panels' chunks that a strip passes, at most: they are read again for each, from a share of the last cache. */
const stripBytes = 2 ** 21;
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
  /**
   * `down` a group of left panels that stays in the second-level cache; `across` strips of a few rows of the output; or `streamed`,
   * for a right operand beyond the caches: its panels one by one, so that memory is read from end to end. Default `down`.
   */
  readonly walk?: 'down' | 'across' | 'streamed';
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
  { threads = 1, walk = 'down' }: ItemOptions = {},
): ProductPlan {
  const width = tile.vectors * lanes;
  const bytes = 16 / lanes;
  const rows = roundUp(extents.rows, tile.rows);
  const columns = roundUp(extents.columns, width);
  const depth = roundUp(extents.depth, tile.unroll);
  const chunk = Math.max(tile.unroll, Math.min(depth, roundUp(rightChunkBytes / (tile.vectors * 16), tile.unroll)));
  const leftPanels = rows / tile.rows;
  const rightPanels = columns / width;
  const most =
    walk === 'across'
      ? { left: leftPanelsOfStrip, right: stripBytes / (width * bytes * chunk) }
      : { left: leftGroupBytes / (tile.rows * bytes * chunk), right: walk === 'streamed' ? 1 : rightPanelsOfItem };
  const leftGroup = Math.max(1, Math.min(leftPanels, Math.floor(most.left)));
  // Strips are items enough where they are many.
  const strips = walk === 'across' ? Math.ceil(leftPanels / leftGroup) : 1;
  const fairGroup = threads === 1 ? rightPanels : Math.ceil((rightPanels * strips) / (threads * itemsOfThread));
  const rightGroup = Math.max(1, Math.min(fairGroup, rightPanels, Math.floor(most.right)));
  const items = Math.ceil(leftPanels / leftGroup) * Math.ceil(rightPanels / rightGroup);
  return { tile, rows, columns, depth, chunk, leftPanels, rightPanels, leftGroup, rightGroup, items };
}
