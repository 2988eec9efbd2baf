/** The numbers printed in the paper that the runs are compared with (examples/data/paper.json). */

import { readFile } from 'node:fs/promises';
import type { PrintedLayer } from './results.ts';

/** Increases of the top-5 error by method, one for each speed-up. */
export type PrintedLosses = Readonly<Record<string, readonly number[]>>;

export interface PrintedNumbers {
  readonly source: string;
  readonly model: { readonly layers: readonly PrintedLayer[]; readonly convMacs: number };
  readonly table2: readonly {
    readonly speedup: number;
    readonly selection: boolean;
    readonly ranks: readonly number[];
    readonly top5ErrorIncrease: number;
  }[];
  readonly table3: readonly { readonly model: string; readonly top5Error: number; readonly cpuMs: number }[];
  readonly figure5: { readonly top5ErrorIncrease: Readonly<Record<string, PrintedLosses>> };
  readonly figure6: { readonly top5ErrorIncrease: PrintedLosses };
}

export async function readPrintedNumbers(): Promise<PrintedNumbers> {
  const text = await readFile(new URL('../data/paper.json', import.meta.url), 'utf8');
  return JSON.parse(text) as PrintedNumbers; // a file of this folder, of this shape
}
