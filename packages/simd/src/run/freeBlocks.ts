/** A list of free blocks of memory in address order, as pure functions: first fit, and neighbours become one. */

export interface FreeBlock {
  readonly start: number;
  /** The first address behind it. */
  readonly end: number;
}

export interface Taken {
  readonly address: number;
  readonly rest: readonly FreeBlock[];
}

/** Takes `bytes` from the first block that holds them, or gives undefined. */
export function takeFirstFit(blocks: readonly FreeBlock[], bytes: number): Taken | undefined {
  const index = blocks.findIndex(({ start, end }) => end - start >= bytes);
  const block = blocks[index];
  if (block === undefined) return undefined;
  const rest = { start: block.start + bytes, end: block.end };
  return { address: block.start, rest: blocks.toSpliced(index, 1, ...(rest.end > rest.start ? [rest] : [])) };
}

/** Adds a block that overlaps none of the list. */
export function giveBack(blocks: readonly FreeBlock[], block: FreeBlock): readonly FreeBlock[] {
  const after = blocks.findIndex(({ start }) => start > block.start);
  const at = after < 0 ? blocks.length : after;
  const left = blocks[at - 1];
  const right = blocks[at];
  const joinsLeft = left?.end === block.start;
  const joinsRight = right?.start === block.end;
  const joined = {
    start: joinsLeft ? left.start : block.start,
    end: joinsRight ? right.end : block.end,
  };
  return blocks.toSpliced(at - (joinsLeft ? 1 : 0), (joinsLeft ? 1 : 0) + (joinsRight ? 1 : 0), joined);
}
