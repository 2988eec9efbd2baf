/**
 * Rows that are made batch by batch, in a journal: images [0, a) in its first entry, [a, b) in its second, and so on.
 *
 * Groups of batches are as long as the session's interval makes them. An entry of another part of the work, or one that does not
 * begin where the last one ended, ends what is restored; the names are used again.
 */

import { slice } from '@rankwise/tensor';
import type { Tensor } from '@rankwise/tensor';
import type { JournalSession } from './journalSession.ts';

/** Where rows go: those of image i are [i · perImage, (i + 1) · perImage). */
export interface ImageRows {
  /** f32 [images · perImage, d], contiguous. */
  readonly rows: Tensor<'f32'>;
  readonly perImage: number;
}

export interface RowJournal {
  /** Writes the rows that are known into their tensors; returns the number of images they are of, and the answers kept with them. */
  restore(): Promise<{ readonly images: number; readonly answers: readonly Tensor<'f32'>[] }>;
  /** The rows of images up to `to` are there now; `answer` is kept with them. */
  add(to: number, answer?: Tensor<'f32'>): Promise<void>;
}

interface RowGroup {
  readonly from: number;
  readonly to: number;
  readonly rows: readonly Tensor<'f32'>[];
  readonly answers: readonly Tensor<'f32'>[];
}

/**
 * @param name - what names of entries begin with
 * @param about - the part of the work
 */
export function journalRows(
  session: JournalSession,
  name: string,
  about: string,
  layers: readonly ImageRows[],
): RowJournal {
  let entries = 0;
  let from = 0;
  let answers: Tensor<'f32'>[] = [];
  const rowsOf = ({ rows, perImage }: ImageRows, first: number, last: number): Tensor<'f32'> =>
    slice(rows, [[first * perImage, last * perImage]]);
  return {
    restore: async () => {
      const found: Tensor<'f32'>[] = [];
      for (;;) {
        // What is about this part was written by `add` below.
        const group = (await session.read(`${name}-${entries}`, about)) as RowGroup | undefined;
        if (group?.from !== from) return { images: from, answers: found };
        for (const [i, layer] of layers.entries()) {
          const stored = group.rows[i];
          if (stored !== undefined) layer.rows.data.set(stored.data, layer.rows.offset + rowOffset(layer, from));
        }
        found.push(...group.answers);
        from = group.to;
        entries++;
      }
    },
    add: async (to, answer) => {
      if (answer !== undefined) answers.push(answer);
      const group = (): RowGroup => ({ from, to, rows: layers.map((layer) => rowsOf(layer, from, to)), answers });
      session.put(`${name}-${entries}`, about, group);
      if (!(await session.checkpoint())) return;
      entries++;
      from = to;
      answers = [];
    },
  };
}

function rowOffset({ rows, perImage }: ImageRows, image: number): number {
  return image * perImage * (rows.shape[1] ?? 0);
}
