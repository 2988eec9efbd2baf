/** Tables in plain text: a line of headings, then rows; numbers flush right, words flush left, two spaces between columns. */

export interface Column<Row> {
  readonly heading: string;
  readonly cell: (row: Row) => string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut, with an ellipsis for their middle. */
  readonly most?: number;
}

const gap = '  ';

/**
 * The table, its last line ended by a newline. A column in which every cell is empty is left out.
 * @example
 * import { formatTable } from '@rankwise/cli';
 * const rows = [{ name: 'conv1', rank: 32 }, { name: 'conv10', rank: 115 }];
 * formatTable(rows, [
 *   { heading: 'layer', cell: (row) => row.name },
 *   { heading: 'rank', align: 'right', cell: (row) => `${row.rank}` },
 * ]).split('\n') // => ['layer   rank', 'conv1     32', 'conv10   115', '']
 */
export function formatTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const laidOut = columns
    .map(({ heading, cell, align, most = Infinity }) => {
      const cells = rows.map((row) => cutMiddle(cell(row), most));
      const width = Math.max(heading.length, ...cells.map((text) => text.length));
      const pad = (text: string): string => (align === 'right' ? text.padStart(width) : text.padEnd(width));
      return { used: cells.some((text) => text !== ''), lines: [heading, ...cells].map(pad) };
    })
    .filter(({ used }) => used || rows.length === 0);
  const lineCount = rows.length + 1;
  const lines = Array.from({ length: lineCount }, (_, line) =>
    laidOut
      .map(({ lines: column }) => column[line] ?? '')
      .join(gap)
      .trimEnd(),
  );
  return `${lines.join('\n')}\n`;
}

/**
 * `4,360,158,240`.
 * @example
 * import { formatCount } from '@rankwise/cli';
 * formatCount(4360158240) // => '4,360,158,240'
 */
export function formatCount(value: number): string {
  return value.toFixed(0).replaceAll(/\B(?=(?:\d{3})+$)/g, ',');
}

/** `17.5%`, from a fraction. */
export function formatPercent(fraction: number, digits = 1): string {
  return `${(100 * fraction).toFixed(digits)}%`;
}

/** `512×18×18`. */
export function formatExtents(extents: readonly number[]): string {
  return extents.join('×');
}

function cutMiddle(text: string, most: number): string {
  if (text.length <= most) return text;
  const front = Math.ceil((most - 1) / 2);
  return `${text.slice(0, front)}…${text.slice(text.length - (most - 1 - front))}`;
}

/** A duration as `12.3`, `0.45` or `1,210`: three digits, or whole milliseconds. */
export function formatMilliseconds(milliseconds: number): string {
  return milliseconds < 100 ? milliseconds.toPrecision(3) : formatCount(Math.round(milliseconds));
}
