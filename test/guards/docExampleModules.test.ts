import { describe, expect, it } from 'vitest';
import {
  checkExample,
  checkExampleThrows,
  exampleModule,
  examplesInDocComments,
  examplesInMarkdown,
} from '../kit/docExamples.ts';

const file = (...lines: string[]) => ({ path: 'f.ts', text: lines.join('\n') });

/** The module of an example that starts on line 10, without its line of imports. */
function rewritten(...lines: string[]): string[] {
  return exampleModule({ path: 'f.ts', line: 10, code: lines.join('\n') }, 'kit')
    .split('\n')
    .slice(1, -1);
}

describe('finding examples', () => {
  it('takes them from doc comments, up to the next tag', () => {
    const source = file(
      '/**',
      ' * One.',
      ' * @example',
      ' * a(',
      ' *   1,',
      ' * )',
      ' * @throws never',
      ' * @example',
      ' * b',
      ' */',
      '/* @example',
      ' * no */',
      '/** No example. */',
    );
    expect(examplesInDocComments(source)).toEqual([
      { path: 'f.ts', line: 4, code: 'a(\n  1,\n)' },
      { path: 'f.ts', line: 9, code: 'b' },
    ]);
  });

  it('takes them from Markdown, unless marked', () => {
    const source = file(
      '# A',
      '```ts',
      'a',
      '```',
      '```sh',
      'b',
      '```',
      '```ts no-run',
      'c',
      '```',
      '```ts',
      'd',
      '```',
    );
    expect(examplesInMarkdown(source)).toEqual([
      { path: 'f.ts', line: 3, code: 'a' },
      { path: 'f.ts', line: 12, code: 'd' },
    ]);
  });
});

describe('rewriting examples', () => {
  it('checks expressions on one line and over lines, and keeps the lines', () => {
    expect(rewritten('f(1) // => 2', 'f(2); // => [3]', "g('// => 4')")).toEqual([
      "checkExample('f.ts:10', (f(1)), (2));",
      "checkExample('f.ts:11', (f(2)), ([3]));",
      "g('// => 4')",
    ]);
    expect(rewritten('const a = 1;', 'f(', '  a,', ') // => 1')).toEqual([
      'const a = 1;',
      "checkExample('f.ts:13', (f(",
      '  a,',
      ')), (1));',
    ]);
    expect(rewritten('f()', '  .g({', '    h: 1', '  }) // => 1')[0]).toBe("checkExample('f.ts:13', (f()");
  });

  it('takes a marker below the expression, and a value over lines', () => {
    expect(rewritten('f(1);', '// => { a: 1,', '//      b: [2] }', '// a note')).toEqual([
      "checkExample('f.ts:11', (f(1)), ({ a: 1, b: [2] }));",
      '// => { a: 1,',
      '//      b: [2] }',
      '// a note',
    ]);
  });

  it('checks declared names and errors', () => {
    expect(rewritten('const a = f(1); // => 2')).toEqual(["const a = f(1); checkExample('f.ts:10', a, (2));"]);
    expect(rewritten('f(1) // => throws ShapeError: f: x')).toEqual([
      "await checkExampleThrows('f.ts:10', async () => (f(1)), 'ShapeError', \"f: x\");",
    ]);
  });
});

describe('checking examples', () => {
  const passes = (actual: unknown, expected: unknown) => {
    try {
      checkExample('f.ts:1', actual, expected);
      return true;
    } catch {
      return false;
    }
  };

  it('compares JSON-like values', () => {
    expect(passes(new Float32Array([1, 2]), [1, 2])).toBe(true);
    expect(passes({ a: new Float64Array([1]), b: undefined }, { a: [1] })).toBe(true);
    expect(passes(new Map([['a', [1]]]), [['a', [1]]])).toBe(true);
    expect(passes([NaN, -0], [NaN, 0])).toBe(true);
    expect(passes(null, null)).toBe(true);
  });

  it('tells different values apart', () => {
    expect(passes([1, 2], [1, 3])).toBe(false);
    expect(passes([1, 2], [1])).toBe(false);
    expect(passes([1], [1, 2])).toBe(false);
    expect(passes([], {})).toBe(false);
    expect(passes({ a: 1 }, { b: 1 })).toBe(false);
    expect(passes(1 + Number.EPSILON, 1)).toBe(false);
    expect(passes(undefined, null)).toBe(false);
    expect(passes('1', 1)).toBe(false);
    expect(passes(Promise.resolve(1), 1)).toBe(false);
  });

  it('names the line, what was expected and what came', () => {
    expect(() => checkExample('f.ts:7', new Float32Array([1]), [2])).toThrow('f.ts:7: expected [2], got [1]');
  });

  it('checks errors', async () => {
    const fail = () => Promise.reject(new RangeError('f: x: too large'));
    await checkExampleThrows('f.ts:1', fail, 'RangeError', 'f: x');
    await expect(checkExampleThrows('f.ts:1', fail, 'TypeError', '')).rejects.toThrow('f.ts:1: expected TypeError');
    await expect(checkExampleThrows('f.ts:1', fail, 'RangeError', 'g')).rejects.toThrow(
      'got RangeError: f: x: too large',
    );
    await expect(checkExampleThrows('f.ts:1', () => Promise.resolve(1), 'RangeError', '')).rejects.toThrow(
      'to be thrown',
    );
  });
});
