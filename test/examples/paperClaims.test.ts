import { describe, expect, it } from 'vitest';
import { claims, judgeAll } from '../../examples/paper/claims.ts';
import type { JudgedClaim } from '../../examples/paper/claims.ts';
import type { PaperResults } from '../../examples/paper/results.ts';
import { describeRule, judge } from '../../examples/paper/rules.ts';
import type { Comparison } from '../../examples/paper/rules.ts';
import { hitsOf, samplePaper } from './paperSample.ts';

/** Every claim of every part, judged. */
function judged(results: PaperResults): JudgedClaim[] {
  return [
    ...judgeAll(claims.table1, results.table1),
    ...judgeAll(claims.table2, results.table2),
    ...judgeAll(claims.table3, results.table3),
    ...judgeAll(claims.figure2, results.figure2),
    ...judgeAll(claims.figure3, results.figure3),
    ...judgeAll(claims.figure4, results.figure4),
    ...judgeAll(claims.figure5, results.figure5),
    ...judgeAll(claims.figure6, results.figure6),
  ];
}

const verdicts = (results: PaperResults): Record<string, string> =>
  Object.fromEntries(judged(results).map(({ id, judgement }) => [id, judgement.verdict]));

const ids = Object.values(claims).flatMap((part) => part.map(({ id }) => id));

describe('the claims of the paper', () => {
  it('have names of their own', () => {
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(verdicts(samplePaper('holds'))).toSorted()).toEqual(ids.toSorted());
  });

  it.each([
    ['holds', 'reproduced'],
    ['fails', 'not reproduced'],
    ['chance', 'undecided'],
  ] as const)('each can come out as in measurements where it %s: %s', (outcome, verdict) => {
    expect(verdicts(samplePaper(outcome))).toEqual(Object.fromEntries(ids.map((id) => [id, verdict])));
  });

  it('leave a figure without data undecided', () => {
    const empty = { original: hitsOf(0), layers: [], groups: [], points: [] };
    const results = { ...samplePaper('holds'), figure3: empty, figure4: empty, figure5: empty, figure6: empty };
    const found = verdicts({ ...results, table3: { kernels: 'simd', native: null, rows: [] } });
    for (const [id, verdict] of Object.entries(found)) {
      expect(verdict, id).toBe(/^(?:table[12]|figure2)/.test(id) ? 'reproduced' : 'undecided');
    }
  });

  it('leave out of Figure 3 the layers whose accuracy hardly varies', () => {
    const { figure3, ...rest } = samplePaper('fails');
    const [layer] = figure3.layers;
    const level = { name: 'level', points: (layer?.points ?? []).map((point) => ({ ...point, hits: hitsOf(300) })) };
    const [monotone] = judgeAll(claims.figure3, {
      ...figure3,
      layers: [level, ...samplePaper('holds').figure3.layers],
    });
    expect(rest.figure4.layers).toHaveLength(2);
    expect(monotone?.judgement).toMatchObject({ verdict: 'reproduced', comparisons: 2 });
  });
});

describe('a rule', () => {
  const at = (difference: number, standardError = 0): Comparison => ({ label: '', difference, standardError });
  const verdict = (comparisons: readonly Comparison[], atLeast: number, clearly: number): string =>
    judge(comparisons, { atLeast, clearly }).verdict;

  it('counts a difference of nothing as holding', () => {
    expect(verdict([at(0)], 1, 0)).toBe('reproduced');
    expect(verdict([at(0)], 1, 1)).toBe('undecided');
  });

  it('wants its share: nine of ten are 90%', () => {
    const nine = Array.from({ length: 9 }, () => at(-1));
    expect(verdict([...nine, at(1)], 0.9, 1)).toBe('reproduced');
    expect(verdict([...nine.slice(1), at(1), at(1)], 0.9, 1)).toBe('not reproduced');
  });

  it('calls undecided what chance may have done', () => {
    expect(verdict([at(-1, 0.4), at(1, 0.5)], 1, 0)).toBe('undecided');
    expect(verdict([at(-1, 0.4), at(1, 0.4)], 1, 0)).toBe('not reproduced');
    expect(verdict([at(-1, 0.6)], 1, 1)).toBe('undecided');
    expect(verdict([at(Number.NaN), at(-1)], 0.9, 0)).toBe('undecided');
    expect(verdict([], 0.9, 0)).toBe('undecided');
  });

  it('tells the numbers it was decided on', () => {
    const worst = at(3, 2);
    expect(judge([at(-1), worst, at(2, 0.1)], { atLeast: 1, clearly: 0 })).toEqual({
      verdict: 'not reproduced',
      comparisons: 3,
      held: 1,
      clearlyHeld: 1,
      clearlyBroken: 1,
      standardError: 2,
      worst,
    });
  });

  it('is described in words', () => {
    expect(describeRule({ atLeast: 0.9, clearly: 1 })).toMatch(/at least 90% .*1 or more .*more than 10% fail/);
    expect(describeRule({ atLeast: 1, clearly: 0 })).toMatch(/in all of the comparisons; .*any fails/);
  });
});
