import { describe, expect, it } from 'vitest';
import { expectNoViolations, listFiles, readSource } from '../kit/repository.ts';
import type { SourceFile } from '../kit/repository.ts';
import { lineAt } from '../kit/sourceText.ts';

/** This file must name what it looks for. */
const itself = 'test/guards/selfContained.test.ts';
/** This one serves pages to a browser beside it. */
const pageServer = 'test/kit/chromium.ts: mentions a private host';

/** Traces of the place where a file was written, which mean nothing to whoever clones the repository. */
const traces: [pattern: RegExp, what: string][] = [
  [/(?<![\w.~])\/(?:work|root|home\/\w+|Users\/\w+)\//g, 'a path of one machine'],
  [/\.\.\/shared\b/g, 'a folder outside the repository'],
  [/\b(?:localhost|127\.0\.0\.1|0\.0\.0\.0|(?:192\.168|10\.\d{1,3})\.\d{1,3}\.\d{1,3})\b/g, 'a private host'],
  [/\bhttps?:\/\/[\w.-]*(?:registry|artifactory|nexus|verdaccio|proxy)[\w.-]*/gi, 'a registry'],
  [/\b(?:claude|anthropic|chatgpt|openai|copilot|gemini)\b/gi, 'a writing tool'],
  [/\b(?:TODO|FIXME|XXX|HACK)\b/g, 'an unfinished thought'],
];

function tracesIn(file: SourceFile): string[] {
  return traces.flatMap(([pattern, what]) =>
    [...file.text.matchAll(pattern)].map(
      (match) => `${file.path}:${lineAt(file.text, match.index)}: mentions ${what}: ${match[0]}`,
    ),
  );
}

describe('the project speaks of itself alone', () => {
  it('no file mentions where it was written', () => {
    const paths = listFiles().filter((path) => path !== itself);
    expect(paths).toEqual(expect.arrayContaining(['README.md', 'package-lock.json', 'package.json']));
    // A zero byte tells binary data, which speaks no language.
    const texts = paths.map(readSource).filter(({ text }) => !text.includes('\0'));
    const found = texts.flatMap(tracesIn);
    expectNoViolations(found.filter((trace) => !trace.replace(/:\d+:/, ':').startsWith(pageServer)));
  });

  it('finds planted traces', () => {
    const count = (text: string) => tracesIn({ path: 'f', text }).length;
    expect(tracesIn({ path: 'f', text: 'a\nsee /work/x' })).toEqual(['f:2: mentions a path of one machine: /work/']);
    expect(count("'../shared/data'")).toBe(1);
    expect(count('"resolved": "http://10.0.0.7:4873/x"')).toBe(1);
    expect(count('"resolved": "https://my-artifactory.example.org/x"')).toBe(1);
    expect(count('a network/working set, shared weights, ../sharedWeights.ts')).toBe(0);
  });
});
