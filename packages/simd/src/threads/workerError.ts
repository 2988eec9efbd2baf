/** A worker that could not start, stopped, failed or does not answer. Kernels that threw it stay unusable. */
export class WorkerError extends Error {
  override readonly name = 'WorkerError';
}
