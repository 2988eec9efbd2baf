/**
 * Tolerances are derived, and the kit derives them (test/kit). Elsewhere in test/ a tiny number that decides a comparison is
 * a bare tolerance. Tiny is a literal in (0, 1e-2), a negative power of two, or Number.EPSILON. It decides a comparison when it
 *
 * - stands in the argument of a matcher that compares sizes (`toBeLessThan(1e-6)`),
 * - stands to the right of a spaced `<`, `<=`, `>` or `>=` (`error < 1e-6`),
 * - is given to something called a tolerance (`const tol = 1e-6`, `{ atol: 1e-6 }`), or
 * - is a named constant that the first two mention.
 *
 * Tiny numbers as data (`fromNested('f32', [1e-3])`) are free. The one escape is a comment at the end of the line that
 * derives the number: `expect(error).toBeLessThan(2e-7); // bound: 3 γ₁, as the sum has three terms`.
 */

import { describe, expect, it } from 'vitest';
import { expectNoViolations, typescriptFiles } from '../kit/repository.ts';
import type { SourceFile } from '../kit/repository.ts';
import { closingBracket, lineAt, stripComments } from '../kit/sourceText.ts';

const number = /(?<![\w.$])(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?![\w.])/g;
const power = /(?<![\w.$])(?:2 \*\* -\d+|Math\.pow\(2, -\d+\)|Number\.EPSILON\b)/g;
const sizeMatcher = /\.(?:toBeLessThan|toBeLessThanOrEqual|toBeGreaterThan|toBeGreaterThanOrEqual|closeTo)\(/g;
const comparison = /\s[<>]=?\s[^;,?&|{}]*/g;
const tolerance = /(?<![\w$])\w*(?:tol|eps|epsilon|tolerance|threshold|slack)\w*(?:: number)?\s*[:=](?![=>])[^;,{}]*/gi;
const constant = /\bconst (\w+)(?:: number)? = ([^;{}]*);/g;

const derivation = /\/\/ bound: .{8,}$/;

/** Offsets of the tiny numbers in a piece of code. */
function tinyNumbers(code: string): number[] {
  const literals = [...code.matchAll(number)].filter((match) => {
    const value = Number(match[0].replaceAll('_', ''));
    return value > 0 && value < 1e-2; // bound: the definition of tiny above
  });
  return [...literals, ...code.matchAll(power)].map((match) => match.index);
}

/** The pieces of code in which a tiny number decides a comparison. */
function decidingPieces(code: string): { start: number; text: string }[] {
  const matchers = [...code.matchAll(sizeMatcher)].map((match) => {
    const open = match.index + match[0].length - 1;
    return { start: open, text: code.slice(open, closingBracket(code, open)) };
  });
  const others = [...code.matchAll(comparison), ...code.matchAll(tolerance)];
  return [...matchers, ...others.map((match) => ({ start: match.index, text: match[0] }))];
}

function bareTolerances(file: SourceFile): string[] {
  const code = stripComments(file.text, { strings: true });
  const lines = file.text.split('\n');
  const pieces = decidingPieces(code);
  const offsets = new Map<number, string>();
  for (const match of code.matchAll(/\.toBeCloseTo\(/g)) offsets.set(match.index, 'toBeCloseTo');
  for (const { start, text } of pieces) {
    for (const tiny of tinyNumbers(text)) offsets.set(start + tiny, 'a bare tolerance');
  }
  for (const match of code.matchAll(constant)) {
    const [whole, name = '', value = ''] = match;
    const used = new RegExp(`(?<![\\w.$])${name}(?![\\w$])`);
    if (!pieces.some(({ text }) => used.test(text))) continue;
    const valueStart = match.index + whole.length - 1 - value.length;
    for (const tiny of tinyNumbers(value)) offsets.set(valueStart + tiny, `a bare tolerance, ${name}`);
  }
  const found = [...offsets].map(([offset, what]) => ({ line: lineAt(code, offset), what }));
  return found
    .filter(({ line, what }) => what === 'toBeCloseTo' || !derivation.test(lines[line - 1] ?? ''))
    .toSorted((a, b) => a.line - b.line)
    .map(({ line, what }) => `${file.path}:${line}: ${what}; take the bound from test/kit or derive it: // bound: …`);
}

describe('no bare tolerance', () => {
  it('tests take their bounds from the kit or derive them', () => {
    const files = typescriptFiles(['test']).filter(({ path }) => !path.startsWith('test/kit/'));
    expect(files.length).toBeGreaterThan(0);
    expectNoViolations(files.filter(({ path }) => path !== 'test/guards/tolerances.test.ts').flatMap(bareTolerances));
  });

  const lines = (text: string): number[] =>
    bareTolerances({ path: 'f.ts', text }).map((violation) => Number(violation.split(':')[1]));

  it.each([
    ['expect(a).toBeCloseTo(b);'],
    ['expect(a).toBeLessThan(1e-6);'],
    ['expect(a).toBeLessThan(\n1e-6 * norm(b));'],
    ['expect(a).toBeLessThanOrEqual(10 * f(x, 0.001));'],
    ['expect(a).toBeLessThan(8 * Number.EPSILON);'],
    ['expect(Math.abs(a - b) < 1e-9).toBe(true);'],
    ['if (a >= 2 ** -20) throw b;'],
    ['const tolerance = 1e-12;'],
    ['check(a, b, { atol: 1e-5 });'],
    ['const small = 1e-7;\nexpect(a).toBeLessThan(3 * small);'],
    ['const near = (a: number, b: number, eps = 1e-5) => f(a, b);'],
    ['expect(a).toBeLessThan(1e-6); // close enough'],
  ])('finds %j', (text) => {
    expect(lines(text)).toHaveLength(1);
  });

  it.each([
    ["const a = fromNested('f32', [1e-3, 0.001, 1e-300]);"],
    ['const matrix = graded(5, 1e-8);'],
    ['expect(ratio).toBeLessThan(30);'],
    ['expect(a).toEqual([0.001, 1e-6]);'],
    ['expect(error).toBeLessThan(gamma(3)); // not 1e-6'],
    ['expect(a).toBeLessThan(2e-7); // bound: 3 u, one rounding for each term'],
    ['const scale = 1e-8;\nconst a = full(n, scale);'],
    ['for (let i = 0; i < n; i++) f(1e-9);'],
    ["const tol = 'eps = 1e-5';"],
    ["const a = new Map<string, number>([['b', 0.001]]);"],
    ['const f = (a: number) => 0.001 * a;'],
  ])('passes %j', (text) => {
    expect(lines(text)).toEqual([]);
  });

  it('names the line', () => {
    expect(lines('a;\n\nexpect(b)\n.toBeLessThan(\n1e-6);')).toEqual([5]);
  });
});
