/**
 * Reading unknown data (parsed JSON) into typed data, one small function a type.
 *
 * Each takes the value and its path (`nodes[3].stride`), and throws what `fail` makes of path, expected and got when the value
 * is of another type. Objects become maps of their own fields, so names such as `constructor` and `__proto__` have no
 * meaning of their own.
 */

import type { Padding, Pair } from '@rankwise/tensor';

export type Fail = (path: string, expected: string, got: string) => Error;
export type ObjectFields = ReadonlyMap<string, unknown>;

export interface Decoder {
  readonly fail: Fail;
  readonly string: (value: unknown, path: string) => string;
  /** Finite. */
  readonly number: (value: unknown, path: string) => number;
  readonly boolean: (value: unknown, path: string) => boolean;
  readonly list: <T>(value: unknown, path: string, item: (value: unknown, path: string) => T) => T[];
  readonly object: (value: unknown, path: string) => ObjectFields;
  readonly pair: (value: unknown, path: string) => Pair;
  readonly padding: (value: unknown, path: string) => Padding;
  readonly strings: (value: unknown, path: string) => string[];
  readonly numbers: (value: unknown, path: string) => number[];
}

/**
 * Readers that throw what `fail` makes of a value of another type.
 * @example
 * import { createDecoder } from '@rankwise/nn';
 * const decode = createDecoder((path, expected, got) => new Error(`${path}: expected ${expected}, got ${got}`));
 * decode.numbers([1, 2], 'shape') // => [1, 2]
 * decode.string(3, 'name') // => throws Error: name: expected a string, got 3
 */
export function createDecoder(fail: Fail): Decoder {
  const refuse = (path: string, expected: string, got: unknown): Error => fail(path, expected, describe(got));
  const string = (value: unknown, path: string): string => {
    if (typeof value !== 'string') throw refuse(path, 'a string', value);
    return value;
  };
  const number = (value: unknown, path: string): number => {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(path, 'a finite number', value);
    return value;
  };
  const boolean = (value: unknown, path: string): boolean => {
    if (typeof value !== 'boolean') throw refuse(path, 'true or false', value);
    return value;
  };
  const list = <T>(value: unknown, path: string, item: (value: unknown, path: string) => T): T[] => {
    if (!Array.isArray(value)) throw refuse(path, 'a list', value);
    return value.map((entry: unknown, index) => item(entry, `${path}[${index}]`));
  };
  const object = (value: unknown, path: string): ObjectFields => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse(path, 'an object', value);
    return new Map<string, unknown>(Object.entries(value));
  };
  const numbers = (value: unknown, path: string): number[] => list(value, path, number);
  const pair = (value: unknown, path: string): Pair => {
    const [first, second, ...rest] = numbers(value, path);
    if (first === undefined || second === undefined || rest.length > 0) throw refuse(path, 'two numbers', value);
    return [first, second];
  };
  const padding = (value: unknown, path: string): Padding => {
    const [top, left, bottom, right, ...rest] = numbers(value, path);
    if (top === undefined || left === undefined || bottom === undefined || right === undefined || rest.length > 0) {
      throw refuse(path, 'four numbers', value);
    }
    return [top, left, bottom, right];
  };
  const strings = (value: unknown, path: string): string[] => list(value, path, string);
  return { fail, string, number, boolean, list, object, pair, padding, strings, numbers };
}

/** A short word for a value, for messages. */
function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'string') return `'${value.slice(0, 40)}'`;
  return typeof value === 'object' ? 'an object' : String(value);
}
