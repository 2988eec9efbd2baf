/** Equality of long arrays, element by element as Object.is sees it: NaN equals NaN, +0 is not −0. */

/** Throws where the arrays differ first. Much faster than a deep comparison. */
export function expectSameElements(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  if (actual.length !== expected.length) {
    throw new Error(`expected ${expected.length} elements, got ${actual.length}`);
  }
  for (let i = 0; i < expected.length; i++) {
    if (!Object.is(actual[i], expected[i])) throw new Error(`element ${i}: expected ${expected[i]}, got ${actual[i]}`);
  }
}
