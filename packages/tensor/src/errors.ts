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

/** Names in a message come from the file; a longer one is no help to its reader. */
const longestMessage = 500;

/**
 * Bytes that are not what they claim to be. `code` names the way, `offset` the byte where it shows. The message may quote the
 * bytes, so it is kept to one line of bounded length: control characters become U+FFFD.
 */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: string;
  readonly offset: number;

  constructor(code: string, offset: number, message: string) {
    super(`${asLine(message)} (${code} at byte ${offset})`);
    this.code = code;
    this.offset = offset;
  }
}

function asLine(message: string): string {
  const kept = message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message;
  return Array.from(kept, (c) => (isControl(c) ? '\ufffd' : c)).join('');
}

/** C0, DEL, C1, and the two line separators of Unicode. */
function isControl(c: string): boolean {
  return c < ' ' || (c >= '\u007f' && c <= '\u009f') || c === '\u2028' || c === '\u2029';
}
