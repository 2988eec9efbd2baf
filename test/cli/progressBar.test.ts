import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createProgressBar, formatCount, formatDuration, formatTable, progressLine } from '@rankwise/cli';
import { runs } from '../kit/runs.ts';

function recorder(isTerminal: boolean, columns = 80) {
  const written: string[] = [];
  return { written, output: { isTerminal, columns, write: (text: string) => void written.push(text) } };
}

describe('progress bar', () => {
  it('writes nothing where nobody looks', () => {
    const { written, output } = recorder(false);
    const bar = createProgressBar(output, () => 0);
    bar.update(0.5, 'x');
    bar.clear();
    expect(written).toEqual([]);
  });

  it('is redrawn at most ten times a second', () => {
    const { written, output } = recorder(true);
    let time = 0;
    const bar = createProgressBar(output, () => time);
    for (time = 0; time < 1000; time++) bar.update(time / 1000, 'x');
    expect(written).toHaveLength(10);
  });

  it('never fills the whole line, and is taken away', () => {
    for (const columns of [0, 1, 20, 80, 200]) {
      const { written, output } = recorder(true, columns);
      const bar = createProgressBar(output, () => 0);
      bar.update(0.5, 'solving a layer with a name that goes on and on and on and on and on');
      bar.clear();
      expect(written.map((text) => text.startsWith('\r\u001b[K'))).toEqual([true, true]);
      expect((written[0] ?? '').slice(4).length).toBeLessThanOrEqual(Math.max(0, columns - 1));
      expect(written[1]).toBe('\r\u001b[K');
    }
  });

  it('is taken away once, and only if it was drawn', () => {
    const { written, output } = recorder(true);
    const bar = createProgressBar(output, () => 0);
    bar.clear();
    expect(written).toEqual([]);
  });

  it('shows the share, the time gone and the time left', () => {
    expect(progressLine(0.25, 30, 'solving conv3')).toBe(
      `${'█'.repeat(6)}${'░'.repeat(18)} 25% 30 s, 1 min 30 s left  solving conv3`,
    );
    expect(progressLine(0, 0, 'x')).toBe(`${'░'.repeat(24)} 0% 0 s  x`);
    expect(progressLine(1, 61, 'x')).toBe(`${'█'.repeat(24)} 100% 1 min 01 s, 0 s left  x`);
  });
});

describe('formatDuration', () => {
  it('is short', () => {
    const texts = [0, 59.4, 59.5, 3599, 3600, 3660, 36_000].map(formatDuration);
    expect(texts).toEqual(['0 s', '59 s', '1 min 00 s', '59 min 59 s', '1 h 00 min', '1 h 01 min', '10 h 00 min']);
  });
});

describe('tables', () => {
  it('leave out empty columns, and cut long cells in their middle', () => {
    const rows = [{ name: 'fire2/expand3x3' }, { name: 'b' }];
    const table = formatTable(rows, [
      { heading: 'name', cell: ({ name }) => name, most: 7 },
      { heading: 'note', cell: () => '' },
    ]);
    expect(table).toBe('name\nfir…3x3\nb\n');
  });

  it('have columns that line up', () => {
    const cell = fc.string({ unit: 'grapheme-ascii', maxLength: 12 }).map((text) => `${text.trim()}.`);
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell), { minLength: 1 }), (rows) => {
        const table = formatTable(rows, [
          { heading: 'left', cell: ([left]) => left },
          { heading: 'right', align: 'right', cell: ([, right]) => right },
        ]);
        const lines = table.split('\n').slice(0, -1);
        expect(new Set(lines.map((line) => line.length)).size).toBe(1);
        expect(lines).toHaveLength(rows.length + 1);
      }),
      { numRuns: runs() },
    );
  });

  it('group digits by three', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const text = formatCount(value);
        expect(Number(text.replaceAll(',', ''))).toBe(value);
        expect(text).toMatch(/^\d{1,3}(,\d{3})*$/);
      }),
      { numRuns: runs() },
    );
  });
});
