import { describe, expect, it } from 'vitest';
import { barChart, dotPlot } from '../../packages/approx/src/report/barChart.ts';
import { lineChart } from '../../packages/approx/src/report/lineChart.ts';
import { reportFigures } from '../../packages/approx/src/report/figures.ts';
import { sampleLayer, sampleReport } from './reportSample.ts';

/** Values of one attribute on the elements of one class, in order. */
function attribute(markup: string, className: string, name: string): string[] {
  const tags = markup.match(new RegExp(`<\\w+ class="${className}"[^>]*>`, 'g')) ?? [];
  return tags.map((tag) => new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? '');
}

describe('lineChart', () => {
  const axis = { title: 'x', domain: [0, 10] as const };

  it('draws points where the axes say', () => {
    const { markup } = lineChart({
      label: 'a chart',
      x: axis,
      y: axis,
      series: [
        {
          name: 'a',
          slot: 0,
          points: [
            [0, 0],
            [10, 10],
            [NaN, 1],
            [1, Infinity],
          ],
          marks: [],
        },
      ],
    });
    const [bottom, , , , , top] = attribute(markup, 'grid', 'y1');
    const [left] = attribute(markup, 'grid', 'x1');
    const [right] = attribute(markup, 'grid', 'x2');
    expect(attribute(markup, 'line s0', 'd')).toEqual([`M${left} ${bottom}L${right} ${top}`]);
  });

  it('draws intervals from their low to their high end, within the plot, and leaves out what is no number', () => {
    const one = { name: 'a', slot: 1, points: [[5, 5]] as const, marks: [] };
    const intervals = [
      { x: 5, low: -20, high: 30 },
      { x: 5, low: NaN, high: 1 },
    ];
    const { markup } = lineChart({
      label: 'a chart',
      description: 'more of it',
      x: axis,
      y: { title: 'y' },
      series: [{ ...one, intervals }],
    });
    expect(markup).toContain('<desc>more of it</desc>');
    const [path = '', ...more] = attribute(markup, 'line whisker s1', 'd');
    expect(more).toEqual([]);
    const [[, low = 0] = [], [, high = 0] = []] = path
      .split(/[ML]/)
      .slice(1)
      .map((point) => point.split(' ').map(Number));
    const grid = attribute(markup, 'grid', 'y1').map(Number);
    const labels = [...markup.matchAll(/class="tick"[^>]*text-anchor="end">([^<]*)</g)].map(([, text = '']) =>
      Number(text.replace('−', '-')),
    );
    const at = (value: number): number => grid[labels.indexOf(value)] ?? Number.NaN;
    expect([low, high]).toEqual([at(-20), at(30)]);
  });

  it('keeps names at line ends apart, and names no empty line', () => {
    const series = [...'abc'].map((name, slot) => ({
      name,
      slot,
      points:
        slot === 2
          ? []
          : ([
              [0, 1],
              [10, 5],
            ] as const),
      marks: [],
    }));
    const { markup } = lineChart({ label: 'a chart', x: axis, y: axis, series });
    const places = attribute(markup, 'name', 'y').map(Number);
    expect(places).toHaveLength(2);
    expect((places[1] ?? 0) - (places[0] ?? 0)).toBe(15);
  });
});

describe('row charts', () => {
  const rows = [
    { name: 'a', first: 100, second: 25, note: '4×', title: 'a' },
    { name: 'b', first: NaN, second: null, note: '', title: 'b' },
  ];
  const spec = { label: 'a chart', axisTitle: 'unit', rows, key: ['old', 'new'] as const };

  it('draw bars in proportion, and none for what has no value', () => {
    const [key, before, ...more] = attribute(barChart(spec).markup, 'before', 'width').map(Number);
    const [, after] = attribute(barChart(spec).markup, 'after', 'width').map(Number);
    expect(key).toBe(14);
    expect(more).toEqual([]);
    expect(Math.round(((before ?? 0) / (after ?? 1)) * 100)).toBe(400);
  });

  it('put the dots of a row on one height', () => {
    const { markup } = dotPlot(spec);
    expect(attribute(markup, 'hollow', 'cy').slice(1)).toEqual(attribute(markup, 'filled', 'cy').slice(1));
    expect(attribute(markup, 'join', 'x1')).toEqual(attribute(markup, 'hollow', 'cx').slice(1));
  });
});

describe('the energy figure', () => {
  it('marks the cumulative energy at the rank', () => {
    const layer = { ...sampleLayer('conv2', 4, 1), spectrum: [6, 2, 1, 1], rank: 2 };
    const [figure] = reportFigures({ ...sampleReport(), layers: [layer] }, {});
    const markup = figure?.charts[0]?.markup ?? '';
    expect(markup).toContain('<title>conv2: 2 of 4 filters hold 80.00 %</title>');
    const path = attribute(markup, 'line s0', 'd')[0] ?? '';
    const mark = `${attribute(markup, 'mark s0', 'cx')[0]} ${attribute(markup, 'mark s0', 'cy')[0]}`;
    // One vertex for each component; the second is the chosen rank.
    expect(path.split('L')).toHaveLength(4);
    expect(path.split('L')[1]).toBe(mark);
  });
});
