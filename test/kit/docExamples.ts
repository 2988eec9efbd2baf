/**
 * Examples in documentation as programs: found in doc comments (`@example`) and in fenced `ts` blocks of Markdown, and
 * rewritten so that each line `expression // => value` becomes a check.
 *
 * A value is a JavaScript literal, or `throws Name` with the start of the message after a colon if wanted. The check is
 * JSON-like: typed arrays compare as arrays, maps and sets as the arrays of their entries, properties that are undefined
 * do not count; numbers must be equal (NaN equals NaN). A marker after `const name = …` checks `name`. A marker may stand on
 * the line below its expression, and its value go on in comments on the next lines until its brackets close.
 */

import { lineAt, stripComments } from './sourceText.ts';
import type { SourceFile } from './repository.ts';

export interface DocExample {
  /** The file the example stands in, relative to the repository. */
  readonly path: string;
  /** Line of its first line of code. */
  readonly line: number;
  readonly code: string;
}

/** Every `@example` in the doc comments of a TypeScript file. It ends with the comment or at the next tag. */
export function examplesInDocComments(file: SourceFile): DocExample[] {
  const found: DocExample[] = [];
  for (const comment of file.text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const firstLine = lineAt(file.text, comment.index);
    const lines = comment[0]
      .slice(3, -2)
      .split('\n')
      .map((line) => line.replace(/^\s*\*? ?/, ''));
    for (let i = 0; i < lines.length; i++) {
      if (!/^\s*@example\b/.test(lines[i] ?? '')) continue;
      let end = i + 1;
      while (end < lines.length && !/^@\w+/.test(lines[end] ?? '')) end++;
      found.push({
        path: file.path,
        line: firstLine + i + 1,
        code: lines
          .slice(i + 1, end)
          .join('\n')
          .trimEnd(),
      });
    }
  }
  return found;
}

/** Every block fenced by three backquotes and `ts`, unless `no-run` stands after it. */
export function examplesInMarkdown(file: SourceFile): DocExample[] {
  return [...file.text.matchAll(/^```(?:ts|typescript)[ \t]*\n([\s\S]*?)^```/gm)].map((match) => ({
    path: file.path,
    line: lineAt(file.text, match.index) + 1,
    code: (match[1] ?? '').trimEnd(),
  }));
}

/**
 * The example as a module that, once imported, throws when a check fails.
 *
 * Line k of the example stays on line k + 1 of the module.
 * @param kit - how the module can import this file
 */
export function exampleModule(example: DocExample, kit: string): string {
  const lines = example.code.split('\n');
  const code = stripComments(example.code, { strings: true }).split('\n');
  let checks = 0;
  for (let i = 0; i < lines.length; i++) {
    const marker = /\/\/ => (.*)$/.exec(lines[i] ?? '');
    // In the blanked code a marker is spaces; if not, it stands inside a string.
    if (marker === null || (code[i] ?? '').slice(marker.index).trim() !== '') continue;
    const last = (code[i] ?? '').trim() === '' ? i - 1 : i;
    const first = firstLineOfStatement(code, last);
    const where = `'${example.path}:${example.line + i}'`;
    const expression = lines.slice(first, last + 1);
    if (last === i) expression.push((expression.pop() ?? '').slice(0, marker.index));
    rewriteStatement(expression, where, valueAt(lines, i, marker[1] ?? '')).forEach(
      (line, k) => (lines[first + k] = line),
    );
    checks++;
  }
  const imports = checks > 0 ? `import { checkExample, checkExampleThrows } from '${kit}';` : 'export {};';
  return `${imports}\n${lines.join('\n')}\n`;
}

/** The value that begins on line `i` and goes on in comments while brackets are open. */
function valueAt(lines: readonly string[], i: number, start: string): string {
  let value = start;
  for (let k = i + 1; k < lines.length && openBrackets([stripComments(value, { strings: true })]) > 0; k++) {
    const more = /^\s*\/\/ (?!=>)(.*)$/.exec(lines[k] ?? '')?.[1];
    if (more === undefined) break;
    value += ` ${more.trim()}`;
  }
  return value;
}

/** The statement's lines, as many as before, with the check around its expression. */
function rewriteStatement(statement: readonly string[], where: string, value: string): string[] {
  const lines = [...statement];
  const last = lines.length - 1;
  lines[last] = (lines[last] ?? '').replace(/\s*;?\s*$/, '');
  const declared = /^\s*(?:const|let) (\w+)\b[^=]*=[^>]/.exec(lines.join('\n'))?.[1];
  if (declared !== undefined) {
    lines[last] += `; checkExample(${where}, ${declared}, (${value}));`;
    return lines;
  }
  const error = /^throws (\w+)(?:: (.*))?$/.exec(value.trim());
  if (error === null) {
    lines[0] = `checkExample(${where}, (${lines[0] ?? ''}`;
    lines[last] += `), (${value}));`;
  } else {
    lines[0] = `await checkExampleThrows(${where}, async () => (${lines[0] ?? ''}`;
    lines[last] += `), '${error[1]}', ${JSON.stringify(error[2] ?? '')});`;
  }
  return lines;
}

/** Walks up from the last line of a statement until its brackets are balanced and no method chain continues. */
function firstLineOfStatement(code: readonly string[], last: number): number {
  let first = last;
  while (first > 0 && (openBrackets(code.slice(first, last + 1)) < 0 || /^\s*[.?:)\]}]/.test(code[first] ?? '')))
    first--;
  return first;
}

/** Opening minus closing brackets. */
function openBrackets(lines: readonly string[]): number {
  const text = lines.join('');
  return (text.match(/[([{]/g)?.length ?? 0) - (text.match(/[)\]}]/g)?.length ?? 0);
}

/** Throws when a value in the documentation is not what the code gives. */
export function checkExample(where: string, actual: unknown, expected: unknown): void {
  if (actual instanceof Promise) throw new Error(`${where}: the expression is a promise; await it`);
  const got = plain(actual);
  if (!equal(got, plain(expected))) throw new Error(`${where}: expected ${show(plain(expected))}, got ${show(got)}`);
}

/** Throws unless the call throws (or rejects with) an error of this name whose message begins so. */
export async function checkExampleThrows(
  where: string,
  call: () => Promise<unknown>,
  name: string,
  message: string,
): Promise<void> {
  const thrown: unknown = await call().then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof Error)) throw new Error(`${where}: expected ${name} to be thrown`);
  if (thrown.name !== name || !thrown.message.startsWith(message)) {
    throw new Error(`${where}: expected ${name}: ${message}, got ${thrown.name}: ${thrown.message}`);
  }
}

/** Arrays, plain objects and primitive values only. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (ArrayBuffer.isView(value) && Symbol.iterator in value) return Array.from(value as unknown as Iterable<unknown>);
  if (Array.isArray(value) || value instanceof Map || value instanceof Set) return Array.from(value, plain);
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([key, item]) => [key, plain(item)]),
  );
}

function equal(a: unknown, b: unknown): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = new Map<string, unknown>(Object.entries(a));
  const right = new Map<string, unknown>(Object.entries(b));
  return left.size === right.size && [...left].every(([key, item]) => right.has(key) && equal(item, right.get(key)));
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value));
}
