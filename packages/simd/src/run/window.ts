/** The window of the linear memory through which long operands pass. */

/**
 * Bytes of a window for each thread: a quarter of a second-level cache of 1 MiB, so that it stays there between the copy in, the task
 * and the copy out, with room for what else they touch. Twice and half of it measured the same; 4 MiB was a third slower.
 */
export const windowBytes = 2 ** 18;
