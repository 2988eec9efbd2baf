/**
 * The ways a call can be refused.
 *
 * Every message reads `function: argument: expected X, got Y`, so that the line alone says what to change.
 * Nothing is computed or written before the checks that throw these.
 */

/** Shapes, strides or lengths that do not fit together. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** A value outside what the function is defined for: NaN, a rank of 0, a singular matrix where a regular one is needed. */
export class DomainError extends Error {
  override readonly name = 'DomainError';
}

/** An iteration reached its cap. `iterations` is how many were made, `residual` how far it still was. */
export class ConvergenceError extends Error {
  override readonly name = 'ConvergenceError';
  readonly iterations: number;
  readonly residual: number;

  constructor(message: string, iterations: number, residual: number) {
    super(message);
    this.iterations = iterations;
    this.residual = residual;
  }
}

/** Bytes that are not what they claim to be. `code` names the way, `offset` the byte where it shows. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: string;
  readonly offset: number;

  constructor(code: string, offset: number, message: string) {
    super(`${message} (${code} at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}
