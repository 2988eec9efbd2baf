/**
 * The words by which the caller and its workers share a call, in memory that all see. i32, read and written atomically.
 *
 * | word       | meaning                                                                                        |
 * |------------|------------------------------------------------------------------------------------------------|
 * | state      | bit `open`: items may be taken; bit `waiting`: the caller sleeps; below: how many workers are in |
 * | generation | number of the call; workers sleep on it                                                        |
 * | sleepers   | workers that sleep, or are about to                                                            |
 * | stop       | not zero: workers return                                                                       |
 * | next       | first item that nobody has taken                                                               |
 * | task, items, chunk | of the open call: index of the exported function, number of items, items taken at a time |
 * | failed     | the worker whose task trapped, or 0                                                            |
 * | slots      | per worker: `busy` while it is in a call, and `finished`, the number of chunks it ever finished  |
 *
 * A worker enters by adding 1 to `state` and may take items only if `open` was set in what it found; it leaves by subtracting 1. The
 * caller closes (clears `open`) when all items are taken and returns when no worker is in. So a worker that wakes late finds the call
 * closed and does no harm, nobody waits for a worker that never woke, and no worker touches memory between calls.
 */

export const stateBits = { open: 1 << 30, waiting: 1 << 29, count: (1 << 16) - 1 } as const;

/** i32 words in 64 bytes: what different threads write lies on different cache lines. */
const line = 16;

/** Indices of the words from the block's beginning. */
export const controlWords = {
  state: 0,
  generation: line,
  sleepers: 2 * line,
  stop: 2 * line + 1,
  failed: 2 * line + 2,
  next: 3 * line,
  task: 4 * line,
  items: 4 * line + 1,
  chunk: 4 * line + 2,
  slots: 5 * line,
  /** From one slot to the next. */
  slotStride: line,
  busy: 0,
  finished: 1,
} as const;

/** Bytes of the block for a number of workers. */
export function controlBytes(workers: number): number {
  return 4 * (controlWords.slots + workers * controlWords.slotStride);
}

/** The first message to a worker of tasks. */
export interface TaskWorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** 1 to the number of workers; the caller is 0. */
  readonly thread: number;
  /** Index of the block's first word. */
  readonly base: number;
  /** Address of the parameters of the open call's task. */
  readonly block: number;
  /** Milliseconds to look for the next call before sleeping. */
  readonly spin: number;
  readonly words: typeof controlWords;
  readonly bits: typeof stateBits;
}
