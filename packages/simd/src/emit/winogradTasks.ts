/** The tasks of minimal filtering and their parameters; see winograd.ts for what they do. */

import type { Task } from './task.ts';

/** Bytes from column to column and from row to row of a square of 8 × 8 vectors, and of a square. */
export const vectorBytes = 16;
export const rowBytes = 8 * vectorBytes;
const squareBytes = 8 * rowBytes;
/** Scratch memory that a thread needs. */
export const winogradScratchBytes = squareBytes;

/** Quads of an item: neighbours share cache lines of the products and of the panels. */
export const quadsOfItem = 16;

/** What all three transforms know: points along each axis, and its pass as an index of the function table. */
const axes = { passY: 'i32', passX: 'i32', sizeY: 'i32', sizeX: 'i32' } as const;
const scratchFields = { scratch: 'i32', scratchStride: 'i32' } as const;

const filterFields = {
  source: 'i32',
  target: 'i32',
  channels: 'i32',
  tapsY: 'i32',
  tapsX: 'i32',
  /** Bytes of U_ξ, and of a panel of it; filters of a panel. */
  pointBytes: 'i32',
  panelBytes: 'i32',
  width: 'i32',
  ...axes,
  ...scratchFields,
} as const;

const inputFields = {
  /** Planes with a border, and the bytes of a plane and of a line of it. */
  source: 'i32',
  target: 'i32',
  planeBytes: 'i32',
  lineBytes: 'i32',
  /** Byte offset of each tile's patch in the planes of its image, i32 [tiles]. */
  offsets: 'i32',
  tiles: 'i32',
  quads: 'i32',
  /** Bytes of V_ξ, and of a panel of it; tiles of a panel. */
  pointBytes: 'i32',
  panelBytes: 'i32',
  width: 'i32',
  ...axes,
  ...scratchFields,
} as const;

const outputFields = {
  source: 'i32',
  target: 'i32',
  bias: 'i32',
  /** Bytes of M_ξ, and of a row of it. */
  pointBytes: 'i32',
  tileBytes: 'i32',
  /** Byte offset of each tile's first output in the planes of its image, and the rows and columns it has, i32 [tiles][3]. */
  places: 'i32',
  quads: 'i32',
  /** Bytes of an output plane and of a line of it. */
  planeBytes: 'i32',
  lineBytes: 'i32',
  relu: 'i32',
  ...axes,
  ...scratchFields,
} as const;

/** An item is a quad of filters. */
export const winogradFilterTask: Task<typeof filterFields> = { name: 'winogradFilter', fields: filterFields };
/** An item is a panel of tiles by a group of quads of channels. */
export const winogradInputTask: Task<typeof inputFields> = { name: 'winogradInput', fields: inputFields };
/** An item is a tile by a group of quads of filters. */
export const winogradOutputTask: Task<typeof outputFields> = { name: 'winogradOutput', fields: outputFields };
