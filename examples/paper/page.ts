/** The report: what is reproduced and what is not, then every table and figure with its claims, then how it was made. */

import { element, fragment, reportPage, reportTable } from '@rankwise/approx';
import type { Markup } from '@rankwise/approx';
import type { JudgedClaim } from './claims.ts';
import { fixed, signed } from './drawing.ts';
import type { Part } from './parts.ts';
import { describeRule } from './rules.ts';
import type { Verdict } from './rules.ts';

/** What the page says of the run as a whole: pairs of a term and its value. */
export type Terms = readonly (readonly [term: string, value: string])[];

/** A verdict's mark, so that it is not told by colour. */
const marks: Readonly<Record<Verdict, string>> = { reproduced: '✓', 'not reproduced': '✗', undecided: '?' };
const classes: Readonly<Record<Verdict, string>> = {
  reproduced: 'verdict yes',
  'not reproduced': 'verdict no',
  undecided: 'verdict open',
};

export function paperPage(parts: readonly Part[], terms: Terms, source: string): string {
  return reportPage(
    'The paper, redrawn',
    fragment(
      element(
        'header',
        {},
        element('p', { class: 'eyebrow' }, 'Rankwise'),
        element('h1', {}, 'The paper, redrawn from runs of its own'),
        element('p', { class: 'lead' }, `Every table and figure of ${source}`),
      ),
      element(
        'section',
        {},
        element('h2', {}, 'What is reproduced'),
        element('p', {}, countText(parts)),
        summary(parts),
      ),
      parts.map(section),
      element('section', {}, element('h2', {}, 'How this was made'), termList(terms), method()),
    ),
  );
}

/** `14 reproduced, 3 not reproduced, 5 undecided`. */
export function countText(parts: readonly Part[]): string {
  const verdicts = parts.flatMap(({ claims }) => claims.map(({ judgement }) => judgement.verdict));
  const count = (verdict: Verdict): string => `${verdicts.filter((one) => one === verdict).length} ${verdict}`;
  return `Of ${verdicts.length} claims ${count('reproduced')}, ${count('not reproduced')}, ${count('undecided')}.`;
}

/** `34 of 36 hold, 20 beyond two standard errors; 1 fails beyond them`, or `34 of 36 hold` where nothing is sampled. */
export function tallyText({ judgement }: JudgedClaim): string {
  const { comparisons, held, clearlyHeld, clearlyBroken, standardError } = judgement;
  if (comparisons === 0) return 'nothing to compare';
  if (standardError === 0) return `${held} of ${comparisons} hold`;
  const broken = clearlyBroken === 0 ? '' : `; ${clearlyBroken} ${clearlyBroken === 1 ? 'fails' : 'fail'} beyond them`;
  return `${held} of ${comparisons} hold, ${clearlyHeld} beyond two standard errors${broken}`;
}

function summary(parts: readonly Part[]): Markup {
  return reportTable({
    label: 'Claims and verdicts',
    columns: [
      {
        heading: 'Part',
        kind: 'text',
        cell: ({ part }) => element('a', { href: `#${part.id}` }, part.number),
      },
      { heading: 'Verdict', kind: 'text', cell: ({ claim }) => badge(claim.judgement.verdict) },
      { heading: 'Claim', kind: 'text', cell: ({ claim }) => element('span', { class: 'wrap' }, claim.says) },
    ],
    rows: parts.flatMap((part) => part.claims.map((claim) => ({ part, claim }))),
  });
}

function badge(of: Verdict): Markup {
  return element('span', { class: classes[of] }, `${marks[of]} ${of}`);
}

function section({ id, number, title, caption, claims, drawing }: Part): Markup {
  return element(
    'section',
    { id },
    element('h2', {}, `${number}. ${title}`),
    element('p', {}, caption),
    element('ul', { class: 'claims' }, claims.map(claimItem)),
    drawing,
    rules(claims),
  );
}

/** The claim with its verdict and the tally. */
function claimItem(claim: JudgedClaim): Markup {
  return element(
    'li',
    {},
    badge(claim.judgement.verdict),
    ` ${claim.says} `,
    element('small', {}, `${tallyText(claim)}.`),
  );
}

/** By which rules it was decided, and by how far. */
function rules(claims: readonly JudgedClaim[]): Markup {
  return element(
    'details',
    {},
    element('summary', {}, claims.length === 1 ? 'The rule' : 'The rules'),
    element(
      'ul',
      {},
      claims.map((claim) => element('li', {}, element('b', {}, claim.says), ` ${ruleText(claim)}`)),
    ),
  );
}

function ruleText({ compared, rule, judgement }: JudgedClaim): string {
  const { worst, standardError } = judgement;
  const chance =
    standardError === 0
      ? 'computed, not sampled: no standard error'
      : `largest standard error ${fixed(standardError, 4)}`;
  const furthest =
    worst === null
      ? ''
      : ` Furthest from holding: ${worst.label}, ${signed(worst.difference, 4)}, standard error ${fixed(worst.standardError, 4)}.`;
  return `Compared: ${compared} (${chance}). ${describeRule(rule)}${furthest}`;
}

function termList(terms: Terms): Markup {
  return element(
    'dl',
    { class: 'terms' },
    terms.map(([term, value]) => element('div', {}, element('dt', {}, term), element('dd', {}, value))),
  );
}

function method(): Markup {
  return fragment(
    [
      'The rules were written and committed before the experiment was run. A difference at or below zero holds; a standard error says how far chance alone may have moved it.',
      'Accuracies are on test photographs that no approximation saw, and are compared photograph by photograph, so that two networks that err on the same ones differ by nothing. ' +
        'Intervals of accuracies are Wilson’s, 95%. Upright bars in plots reach two standard errors of the loss against the original.',
      'Errors after the ReLU and of the output are relative (0 is perfect, 1 is no better than a constant), on calibration photographs that no fit has seen. ' +
        'No labels are used in approximating, and nothing is fine-tuned.',
    ].map((text) => element('p', {}, text)),
  );
}
