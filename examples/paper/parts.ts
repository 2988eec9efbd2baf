/** Every table and figure of the paper that is redrawn, in its order: what it is called, what it shows, and how it is drawn. */

import type { Markup } from '@rankwise/approx';
import { claims, judgeAll } from './claims.ts';
import type { JudgedClaim } from './claims.ts';
import { drawFigure2 } from './figure2.ts';
import { drawFigure3 } from './figure3.ts';
import { drawFigure4 } from './figure4.ts';
import { drawFigure5 } from './figure5.ts';
import { drawFigure6 } from './figure6.ts';
import type { PrintedNumbers } from './printed.ts';
import type { PaperResults } from './results.ts';
import { drawTable1 } from './table1.ts';
import { drawTable2 } from './table2.ts';
import { drawTable3 } from './table3.ts';

export interface Part {
  readonly id: keyof PaperResults;
  /** `Table 1`. */
  readonly number: string;
  readonly title: string;
  readonly caption: string;
  readonly claims: readonly JudgedClaim[];
  readonly drawing: Markup;
}

/** Judges and draws everything. `chain` is the name of the trained network. */
export function drawParts(results: PaperResults, printed: PrintedNumbers, chain: string): Part[] {
  return [
    {
      id: 'table1',
      number: 'Table 1',
      title: 'The layers and what they cost',
      caption:
        'The 7-convolution model, exactly. Zeros after the ReLU depend on trained weights, which do not exist here: beside the printed ones stand those ' +
        'of random (He) weights on images of noise, which are about half by symmetry, and below those of a trained network of the same shape.',
      claims: judgeAll(claims.table1, results.table1),
      drawing: drawTable1(results.table1, chain),
    },
    {
      id: 'table2',
      number: 'Table 2',
      title: 'Ranks, with and without selection',
      caption:
        `The printed ranks against the formula and their real ratios; then ${chain} at the same speed-ups, by asymmetric nonlinear approximation of all ` +
        'convolutions but the first, with equal speed-ups and with ranks by the paper’s energy greedy.',
      claims: judgeAll(claims.table2, results.table2),
      drawing: drawTable2(results.table2, chain),
    },
    {
      id: 'table3',
      number: 'Table 3',
      title: 'Milliseconds an image',
      caption:
        'The 7-convolution model at 224×224, its versions at a quarter of the multiply-adds in conv2–7 (conv1 at rank 32), and AlexNet, on these kernels.',
      claims: judgeAll(claims.table3, results.table3),
      drawing: drawTable3(results.table3),
    },
    {
      id: 'figure2',
      number: 'Figure 2',
      title: 'Energy of the responses',
      caption: `Share of the variance of each layer’s responses that its leading principal components hold, in ${chain}.`,
      claims: judgeAll(claims.figure2, results.figure2),
      drawing: drawFigure2(results.figure2),
    },
    {
      id: 'figure3',
      number: 'Figure 3',
      title: 'Accuracy against energy',
      caption: 'One layer at a time, by the linear solution, the others as they are.',
      claims: judgeAll(claims.figure3, results.figure3),
      drawing: drawFigure3(results.figure3),
    },
    {
      id: 'figure4',
      number: 'Figure 4',
      title: 'Linear against nonlinear',
      caption: 'One layer at a time, the others as they are.',
      claims: judgeAll(claims.figure4, results.figure4),
      drawing: drawFigure4(results.figure4),
    },
    {
      id: 'figure5',
      number: 'Figure 5',
      title: 'Symmetric against asymmetric',
      caption: 'Several layers together, by the nonlinear solution.',
      claims: judgeAll(claims.figure5, results.figure5),
      drawing: drawFigure5(results.figure5, printed.figure5.top5ErrorIncrease),
    },
    {
      id: 'figure6',
      number: 'Figure 6',
      title: 'The whole network by each method',
      caption:
        'All convolutions but the first, each with the same speed-up, so that nothing but the decomposition differs: spatial by filter reconstruction ' +
        '(Jaderberg), asymmetric, and both together (3d).',
      claims: judgeAll(claims.figure6, results.figure6),
      drawing: drawFigure6(results.figure6, printed.figure6.top5ErrorIncrease),
    },
  ];
}
