/** The window of the linear memory through which long operands pass. */

/**
 * Bytes of a window for each thread: a quarter of a second-level cache of 1 MiB, so that it stays there between the copy in, the task
 * and the copy out, with room for what else they touch. For matrix times vector anything from 2^17 to 2^20 measured the same to 5 %; less is
 * slowed by the number of windows, more by the cache.
 */
export const windowBytes = 2 ** 18;
