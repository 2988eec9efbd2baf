import { describe, expect, it } from 'vitest';
import { expectNoViolations, listFiles, readSource } from '../kit/repository.ts';

/** A file is one idea; beyond this it is two. */
const maxLines = 400;

function countLines(text: string): number {
  return text === '' ? 0 : text.replace(/\n$/, '').split('\n').length;
}

describe('file size', () => {
  it(`no source file is longer than ${maxLines} lines`, () => {
    const sources = listFiles(['packages', 'test', 'examples']).filter((path) =>
      /\.(?:[cm]?[jt]s|html|css)$/.test(path),
    );
    expect(sources.length).toBeGreaterThan(0);
    const violations = sources
      .map((path) => ({ path, lines: countLines(readSource(path).text) }))
      .filter(({ lines }) => lines > maxLines)
      .map(({ path, lines }) => `${path}:${maxLines + 1}: expected at most ${maxLines} lines, got ${lines}`);
    expectNoViolations(violations);
  });

  it('counts lines', () => {
    expect([countLines(''), countLines('a'), countLines('a\n'), countLines('a\nb'), countLines('a\n\n')]).toEqual([
      0, 1, 1, 2, 2,
    ]);
  });
});
