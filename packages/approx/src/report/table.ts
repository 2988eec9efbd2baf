/** Tables of numbers: columns with a type, a second row of headings for groups, and a first column that stays when scrolled. */

import { element, fragment } from './html.ts';
import type { Child, Markup } from './html.ts';

export interface TableColumn<Row> {
  readonly heading: string;
  /** Neighbouring columns of one group share a heading above theirs. */
  readonly group?: string;
  /** Numbers stand at the right, in digits of equal width. */
  readonly kind: 'text' | 'number';
  readonly cell: (row: Row) => Child;
}

export interface TableSpec<Row> {
  readonly label: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  /** Style class of a row, or ''. */
  readonly rowClass?: (row: Row) => string;
  /** Cells of a last row of totals, one per column. */
  readonly footer?: readonly Child[];
}

/**
 * A table as markup, in a box that scrolls sideways where the page is narrower.
 * @example
 * import { reportTable } from '@rankwise/approx';
 * const { markup } = reportTable({
 *   label: 'Ranks',
 *   columns: [{ heading: 'Layer', kind: 'text', cell: (row: string[]) => row[0] ?? '' }],
 *   rows: [['conv<2>']],
 * });
 * markup.includes('conv&lt;2&gt;') // => true
 */
export function reportTable<Row>(spec: TableSpec<Row>): Markup {
  const { columns, rows, rowClass, footer } = spec;
  const body = rows.map((row) =>
    element(
      'tr',
      { class: rowClass?.(row) || null },
      columns.map((column, i) => cell(column, i, column.cell(row))),
    ),
  );
  return element(
    'div',
    { class: 'scroll', role: 'region', 'aria-label': spec.label, tabindex: '0' },
    element(
      'table',
      {},
      element(
        'thead',
        {},
        groupHeadings(columns),
        element(
          'tr',
          {},
          columns.map((column) => heading(column)),
        ),
      ),
      element('tbody', {}, body),
      footer === undefined
        ? null
        : element(
            'tfoot',
            {},
            element(
              'tr',
              {},
              columns.map((column, i) => cell(column, i, footer[i] ?? '')),
            ),
          ),
    ),
  );
}

function heading<Row>(column: TableColumn<Row>): Markup {
  return element('th', { scope: 'col', class: cellClass(column) }, column.heading);
}

function cell<Row>(column: TableColumn<Row>, i: number, content: Child): Markup {
  return element(i === 0 ? 'th' : 'td', { scope: i === 0 ? 'row' : null, class: cellClass(column) }, content);
}

function cellClass<Row>(column: TableColumn<Row>): string | null {
  return column.kind === 'number' ? 'n' : null;
}

function groupHeadings<Row>(columns: readonly TableColumn<Row>[]): Markup {
  if (columns.every(({ group }) => group === undefined)) return fragment();
  const groups: { name: string; span: number }[] = [];
  for (const { group = '' } of columns) {
    const last = groups.at(-1);
    if (last !== undefined && last.name === group) last.span++;
    else groups.push({ name: group, span: 1 });
  }
  return element(
    'tr',
    { class: 'groups' },
    groups.map(({ name, span }) =>
      name === ''
        ? element('td', { colspan: span })
        : element('th', { scope: 'colgroup', colspan: span }, element('span', {}, name)),
    ),
  );
}
